/* The parts that Chrome trace events are made of */
#include "views/trace/trace_print.h"

#include <inttypes.h>

#include "report/load.h"

const struct view_style trace_style = {
	.escape = view_escape_terminal,
	.name_columns = 64,
	.path_columns = 200,
};

/* With the decimals that microseconds need; a double would round, and the locale have a comma. */
static void print_us(struct trace *t, uint64_t ns)
{
	fprintf(t->out, "%" PRIu64 ".%03" PRIu64, ns / NSEC_PER_USEC, ns % NSEC_PER_USEC);
}

void trace_begin(struct trace *t, char phase, const char *category, const char *name,
		 uint64_t at_ns)
{
	_cleanup_free_ char *safe = view_escape_terminal(name, 200);

	fprintf(t->out, "%s{\"ph\":\"%c\",\"cat\":", t->begun ? ",\n" : "\n", phase);
	report_print_json_string(category, t->out);
	fputs(",\"name\":", t->out);
	report_print_json_string(safe, t->out);
	fputs(",\"ts\":", t->out);
	print_us(t, at_ns);
	t->begun = true;
}

void trace_duration(struct trace *t, uint64_t ns)
{
	fputs(",\"dur\":", t->out);
	print_us(t, ns);
}

void trace_where(struct trace *t, int64_t pid, int64_t tid)
{
	fprintf(t->out, ",\"pid\":%" PRIi64 ",\"tid\":%" PRIi64, pid, tid);
}

void trace_id(struct trace *t, uint64_t id)
{
	/* Hexadecimal in a string, as the format wants it. */
	fprintf(t->out, ",\"id\":\"0x%" PRIx64 "\"", id);
}

uint64_t trace_new_id(struct trace *t)
{
	return ++t->last_id;
}

void trace_fields(struct trace *t, const cJSON *row, const char *const *fields)
{
	for (; *fields; fields++) {
		if (!report_known(row, *fields))
			continue;
		fprintf(t->out, ",\"%s\":", *fields);
		report_print_json_value(report_get(row, *fields), t->out);
	}
}

void trace_number(struct trace *t, double value)
{
	cJSON number = {.type = cJSON_Number, .valuedouble = value};

	report_print_json_value(&number, t->out);
}

void trace_name(struct trace *t, const char *what, int64_t pid, int64_t tid, const char *name)
{
	_cleanup_free_ char *safe = view_escape_terminal(name, 120);

	fprintf(t->out, "%s{\"ph\":\"M\",\"name\":\"%s\",\"ts\":0", t->begun ? ",\n" : "\n", what);
	trace_where(t, pid, tid);
	fputs(",\"args\":{\"name\":", t->out);
	report_print_json_string(safe, t->out);
	fputs("}}", t->out);
	t->begun = true;
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
