/* Prints the parts of Chrome trace events */
#include "views/trace/trace_print.h"

#include <inttypes.h>

const struct view_style trace_style = {
	.escape = view_escape_terminal,
	.name_columns = 64,
	.path_columns = 200,
};

/* Prints microseconds with decimals: a double would round, and a locale may have a comma. */
static void put_us(struct trace *t, const char *key, uint64_t ns)
{
	char number[32];

	snprintf(number, sizeof(number), "%" PRIu64 ".%03" PRIu64, ns / NSEC_PER_USEC,
		 ns % NSEC_PER_USEC);
	json_put_raw(&t->json, key, number);
}

static void open_event(struct trace *t, char phase)
{
	const char text[] = {phase, '\0'};

	fputs(t->begun ? ",\n" : "\n", t->out);
	t->begun = true;
	json_writer_open(&t->json, t->out, JSON_COMPACT);
	json_open_object(&t->json, NULL);
	json_put_text(&t->json, "ph", text);
}

void trace_begin(struct trace *t, char phase, const char *category, const char *name,
		 uint64_t at_ns)
{
	_cleanup_free_ char *safe = view_escape_terminal(name, 200);

	open_event(t, phase);
	json_put_text(&t->json, "cat", category);
	json_put_text(&t->json, "name", safe);
	put_us(t, "ts", at_ns);
}

void trace_duration(struct trace *t, uint64_t ns)
{
	put_us(t, "dur", ns);
}

void trace_where(struct trace *t, int64_t pid, int64_t tid)
{
	json_put_i64(&t->json, "pid", pid);
	json_put_i64(&t->json, "tid", tid);
}

void trace_id(struct trace *t, uint64_t id)
{
	char text[32];

	/* The format has ids as hexadecimal strings. */
	snprintf(text, sizeof(text), "0x%" PRIx64, id);
	json_put_text(&t->json, "id", text);
}

uint64_t trace_new_id(struct trace *t)
{
	return ++t->last_id;
}

void trace_fields(struct trace *t, const struct fields *fields, const void *row)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->list[i];

		if (field->flags & FIELD_TRACE && field_is_known(field, row))
			field_put(&t->json, field->name, field, row);
	}
}

void trace_end(struct trace *t)
{
	while (t->json.open)
		json_close(&t->json);
}

void trace_name(struct trace *t, const char *what, int64_t pid, int64_t tid, const char *name)
{
	_cleanup_free_ char *safe = view_escape_terminal(name, 120);

	open_event(t, 'M');
	json_put_text(&t->json, "name", what);
	json_put_u64(&t->json, "ts", 0);
	trace_where(t, pid, tid);
	json_open_object(&t->json, "args");
	json_put_text(&t->json, "name", safe);
	trace_end(t);
}

int64_t trace_pid(const struct trace *t, int64_t pid)
{
	return t->first_pid + MIN(MAX(pid, 0), TRACE_PID_LIMIT);
}

int64_t trace_machine(const struct trace *t)
{
	return t->first_pid + TRACE_PID_LIMIT + 1;
}

int64_t trace_cpu(const struct trace *t, int64_t cpu)
{
	return trace_machine(t) + 1 + MIN(MAX(cpu, 0), TRACE_PIDS - TRACE_PID_LIMIT - 3);
}
