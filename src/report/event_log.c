/* The log of a run (--log): one event a line, as JSON */
#include "report/event_log.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/utf8.h"
#include "base/util.h"
#include "model/calls.h"
#include "model/symbols.h"
#include "report/json.h"
#include "report/rows.h"
#include "report/write.h"

/* How far from each other's order records may be that are sent from several CPUs. */
#define DISORDER_NS (2 * NSEC_PER_MSEC)

#define EXACT_MAX (INT64_C(1) << 53)

/* -- Fields ------------------------------------------------------------------------------------------ */

static void put_key(FILE *out, const char *key)
{
	fprintf(out, ",\"%s\":", key);
}

static void put_null(FILE *out, const char *key)
{
	put_key(out, key);
	fputs("null", out);
}

static void put_text(FILE *out, const char *key, const char *text)
{
	put_key(out, key);
	if (text)
		report_print_json_string(text, out);
	else
		fputs("null", out);
}

/* Up to 2^53, as in a report: beyond, readers that keep doubles would see another number. */
static void put_number(FILE *out, const char *key, int64_t number)
{
	number = MIN(MAX(number, -EXACT_MAX), EXACT_MAX);
	fprintf(out, ",\"%s\":%" PRIi64, key, number);
}

static void put_known(FILE *out, const char *key, int64_t number, bool known)
{
	if (known)
		put_number(out, key, number);
	else
		put_null(out, key);
}

static void put_bool(FILE *out, const char *key, bool value)
{
	fprintf(out, ",\"%s\":%s", key, value ? "true" : "false");
}

static void put_flag(FILE *out, const char *key, bool value, bool known)
{
	if (known)
		put_bool(out, key, value);
	else
		put_null(out, key);
}

static void put_comm(FILE *out, const char *key, const char comm[COMM_BYTES])
{
	_cleanup_free_ char *text = utf8_sanitize(comm, strnlen(comm, COMM_BYTES), NULL);

	put_text(out, key, text);
}

static void put_hex(FILE *out, const char *data, size_t size)
{
	_cleanup_free_ char *hex = NULL;

	if (utf8_valid_len(data, size) == size) {
		fputs("null", out);
		return;
	}
	hex = hex_encode(data, size);
	fprintf(out, "\"%s\"", hex);
}

static void put_path(FILE *out, const char *key, const struct bytes *path)
{
	_cleanup_free_ char *text = path->data ? utf8_sanitize(path->data, path->size, NULL) : NULL;

	put_text(out, key, text);
	fprintf(out, ",\"%s_hex\":", key);
	if (path->data)
		put_hex(out, path->data, path->size);
	else
		fputs("null", out);
}

/* Calls print() for each NUL-separated word. */
static void put_words(FILE *out, const char *key, const struct bytes *words,
		      void (*print)(FILE *out, const char *word, size_t size))
{
	put_key(out, key);
	putc('[', out);
	for (size_t at = 0; at < words->size;) {
		size_t size = strnlen(words->data + at, words->size - at);

		if (at)
			putc(',', out);
		print(out, words->data + at, size);
		at += size + 1;
	}
	putc(']', out);
}

static void print_word(FILE *out, const char *word, size_t size)
{
	_cleanup_free_ char *text = utf8_sanitize(word, size, NULL);

	report_print_json_string(text, out);
}

static void put_argv(FILE *out, const struct event *event)
{
	const struct bytes *argv = &event->call.argv;
	bool plain = true;

	for (size_t at = 0; at < argv->size; at += strnlen(argv->data + at, argv->size - at) + 1) {
		size_t size = strnlen(argv->data + at, argv->size - at);

		plain = plain && utf8_valid_len(argv->data + at, size) == size;
	}
	if (!argv->data) {
		put_null(out, "argv");
		put_null(out, "argv_hex");
	} else {
		put_words(out, "argv", argv, print_word);
		if (plain)
			put_null(out, "argv_hex");
		else
			put_words(out, "argv_hex", argv, put_hex);
	}
	put_bool(out, "argv_truncated", event->call.argv_truncated);
}

/* -- Events ------------------------------------------------------------------------------------------ */

static const char *const names[EVENT_KINDS] = {
	[EVENT_START] = "start",     [EVENT_EXIT] = "exit",   [EVENT_EXEC] = "exec",
	[EVENT_OTHER_CALL] = "call", [EVENT_FAULT] = "fault", [EVENT_WAIT] = "wait",
};

static void put_file(FILE *out, const struct event *event)
{
	const struct file_id *file = &event->call.file;

	put_path(out, "path", &event->call.path);
	put_bool(out, "path_deleted", event->call.deleted);
	put_path(out, "path2", &event->call.path2);
	if (event->call.has_file) {
		/* The kernel's own encoding: MINORBITS in include/linux/kdev_t.h. */
		fprintf(out, ",\"device\":\"%u:%u\",\"inode\":\"%" PRIu64 "\"", file->device >> 20,
			file->device & 0xfffff, (uint64_t)file->inode);
	} else {
		put_null(out, "device");
		put_null(out, "inode");
	}
}

/* How many bytes the caller asked for, where an argument says that. */
static bool asked_bytes(const struct event *event, int64_t *ret)
{
	switch (event->call.number) {
	case SYS_read:
	case SYS_write:
	case SYS_pread64:
	case SYS_pwrite64:
	case SYS_getdents64:
		*ret = (int64_t)MIN(event->call.args[2], (uint64_t)INT64_MAX);
		return true;
	case SYS_sendfile:
		*ret = (int64_t)MIN(event->call.args[3], (uint64_t)INT64_MAX);
		return true;
	case SYS_copy_file_range:
	case SYS_splice:
		*ret = (int64_t)MIN(event->call.args[4], (uint64_t)INT64_MAX);
		return true;
	default:
		return false;
	}
}

static void put_arguments(FILE *out, const struct event *event, const struct call_info *info)
{
	const uint64_t *args = event->call.args;
	bool has_flags = info->flags_arg != NO_ARG, has_mode = info->mode_arg != NO_ARG;
	bool moves = info->rule.effect == EFFECT_READ || info->rule.effect == EFFECT_WRITE;
	_cleanup_free_ char *flags = has_flags ? symbol_open_flags(args[info->flags_arg]) : NULL;
	int64_t asked = 0;

	/* open(2) reads the mode only when it may create. */
	has_mode = has_mode && (!has_flags || call_may_create(args[info->flags_arg]));
	if (info->rule.kind == CALL_OPEN)
		put_known(out, "fd", event->call.result, event->call.result >= 0);
	else
		put_known(out, "fd",
			  info->rule.kind == CALL_FD ? (int32_t)args[info->rule.fd_arg] : 0,
			  info->rule.kind == CALL_FD);
	put_text(out, "flags", flags);
	put_key(out, "mode");
	if (has_mode)
		fprintf(out, "\"0%03o\"", (unsigned)args[info->mode_arg] & 07777);
	else
		fputs("null", out);
	put_known(out, "bytes", event->call.result, moves && event->call.result >= 0);
	put_known(out, "bytes_asked", asked, asked_bytes(event, &asked));
	put_known(out, "offset", info->offset_arg != NO_ARG ? (int64_t)args[info->offset_arg] : 0,
		  info->offset_arg != NO_ARG);
}

static void put_call(FILE *out, const struct event *event)
{
	const struct call_info *info = event->kind == EVENT_FAULT ? NULL
								  : call_find(event->call.number);
	bool failed = event->call.result < 0 && event->call.result >= -4095;

	put_text(out, "operation", info ? info->name : "page-fault");
	put_file(out, event);
	if (info) {
		put_arguments(out, event, info);
		put_flag(out, "created", event->call.created,
			 info->rule.kind == CALL_OPEN && event->call.open_mode_known);
		put_flag(out, "writable", event->call.for_writing, event->call.open_mode_known);
	}
	put_known(out, "result", event->call.result, info != NULL);
	put_text(out, "errno", failed ? symbol_errno((int)-event->call.result) : NULL);
	put_number(out, "blocked_ns", (int64_t)event->call.blocked_ns);
	put_number(out, "runqueue_ns", (int64_t)event->call.runqueue_ns);
	if (event->kind == EVENT_EXEC)
		put_argv(out, event);
}

static void put_wait(FILE *out, const struct event *event)
{
	bool woken = event->wait.waker_pid || event->wait.waker_interrupt;

	put_text(out, "reason", wait_reason_names[event->wait.reason]);
	put_number(out, "delivery_ns", (int64_t)event->wait.delivery_ns);
	put_key(out, "waker");
	if (!woken) {
		fputs("null", out);
		return;
	}
	fprintf(out, "{\"pid\":%" PRIu32, event->wait.waker_pid);
	put_comm(out, "comm", event->wait.waker_comm);
	put_bool(out, "interrupt", event->wait.waker_interrupt);
	putc('}', out);
}

static void put_exit(FILE *out, const struct event *event)
{
	_cleanup_free_ char *name = event->exit_signal ? symbol_signal(event->exit_signal) : NULL;

	put_known(out, "exit_code", event->exit_code, !event->exit_signal);
	put_text(out, "signal_name", name);
}

static bool check(struct event_log *log)
{
	if (!log->error)
		log->error = growing_file_error(log->file);
	return log->error == 0;
}

static void print_event(void *context, const struct event *event)
{
	struct event_log *log = context;
	FILE *out = log->out;

	if (log->error) {
		log->unwritten++;
		return;
	}
	fprintf(out, "{\"event\":\"%s\",\"start_ns\":%" PRIu64 ",\"duration_ns\":%" PRIu64,
		names[event->kind], rows_offset(event->start_ns, log->start_ns),
		event->end_ns - event->start_ns);
	put_number(out, "pid", event->id.pid);
	put_number(out, "tid", event->id.tid);
	put_comm(out, "comm", event->comm);
	switch (event->kind) {
	case EVENT_START:
		put_number(out, "ppid", event->ppid);
		break;
	case EVENT_EXIT:
		put_exit(out, event);
		break;
	case EVENT_WAIT:
		put_number(out, "cpu", event->cpu);
		put_wait(out, event);
		break;
	default:
		put_number(out, "cpu", event->cpu);
		put_call(out, event);
	}
	fputs("}\n", out);
	if (check(log))
		log->events++;
	else
		log->unwritten++;
}

/* -- The run ----------------------------------------------------------------------------------------- */

static void put_command(FILE *out, char *const *argv)
{
	put_key(out, "command");
	putc('[', out);
	for (size_t i = 0; argv[i]; i++) {
		if (i)
			putc(',', out);
		print_word(out, argv[i], strlen(argv[i]));
	}
	putc(']', out);
}

void event_log_begin(struct event_log *log, const struct run_facts *facts, unsigned attempt)
{
	char started_at[JSON_TIME_BYTES];

	log->start_ns = facts->start_ns;
	log->events = log->lost = log->unwritten = 0;
	fprintf(log->out, "{\"event\":\"run\",\"log_version\":%d", EVENT_LOG_VERSION);
	put_text(log->out, "run_id", facts->id);
	put_number(log->out, "attempt", attempt);
	put_text(log->out, "started_at", json_time(started_at, &facts->started_at));
	put_command(log->out, facts->argv);
	put_bool(log->out, "calls", facts->trace.io && !facts->trace.io_blocked);
	put_bool(log->out, "waits", facts->trace.cpu);
	fputs("}\n", log->out);
	fflush(log->out);
	check(log);
}

void event_log_record(struct event_log *log, const void *record, size_t bytes)
{
	event_queue_add(&log->queue, record, bytes);
}

void event_log_write(struct event_log *log, const struct model *model, uint64_t until_ns,
		     bool partial, uint64_t lost)
{
	uint64_t newest_ns = log->queue.newest_ns;

	if (partial)
		until_ns = MIN(until_ns, newest_ns - MIN(newest_ns, DISORDER_NS));
	lost += event_queue_drain(&log->queue, model, until_ns, print_event, log);
	if (lost > log->lost && !log->error) {
		fprintf(log->out,
			"{\"event\":\"lost\",\"before_ns\":%" PRIu64 ",\"count\":%" PRIu64 "}\n",
			rows_offset(until_ns, log->start_ns), lost - log->lost);
		log->lost = lost;
	}
	fflush(log->out);
	check(log);
}

uint64_t event_log_end(struct event_log *log, const struct run_facts *facts)
{
	fprintf(log->out, "{\"event\":\"end\",\"duration_ns\":%" PRIu64,
		rows_offset(facts->end_ns, facts->start_ns));
	put_number(log->out, "events", (int64_t)log->events);
	put_number(log->out, "lost", (int64_t)log->lost);
	fputs("}\n", log->out);
	fflush(log->out);
	growing_file_drain(log->file, OUTLET_PATIENCE_NS);
	check(log);
	event_queue_done(&log->queue);
	return log->unwritten + growing_file_lost_lines(log->file);
}
