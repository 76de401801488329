/* The log of a run (--log): one event a line, as JSON */
#include "report/event_log.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/json_writer.h"
#include "base/utf8.h"
#include "base/util.h"
#include "model/calls.h"
#include "model/symbols.h"
#include "report/fill.h"

/* Records come from several CPUs: they may be out of order by this much. */
#define DISORDER_NS (2 * NSEC_PER_MSEC)

/* -- Fields ------------------------------------------------------------------------------------------ */

static void put_known(struct json_writer *json, const char *key, int64_t number, bool known)
{
	if (known)
		json_put_i64(json, key, number);
	else
		json_put_null(json, key);
}

static void put_flag(struct json_writer *json, const char *key, bool value, bool known)
{
	if (known)
		json_put_bool(json, key, value);
	else
		json_put_null(json, key);
}

static void put_comm(struct json_writer *json, const char *key, const char comm[COMM_BYTES])
{
	char text[COMM_BYTES + 1] = "";

	memcpy(text, comm, strnlen(comm, COMM_BYTES));
	json_put_text(json, key, text);
}

static void put_hex(struct json_writer *json, const char *key, const char *data, size_t size)
{
	_cleanup_free_ char *hex = NULL;

	if (data && utf8_valid_len(data, size) != size)
		hex = hex_encode(data, size);
	json_put_text(json, key, hex);
}

static void put_bytes(struct json_writer *json, const char *key, const char *data, size_t size)
{
	_cleanup_free_ char *text = data ? utf8_sanitize(data, size, NULL) : NULL;

	json_put_text(json, key, text);
}

static void put_path(struct json_writer *json, const char *key, const struct bytes *path)
{
	_cleanup_free_ char *hex_key = xasprintf("%s_hex", key);

	put_bytes(json, key, path->data, path->size);
	put_hex(json, hex_key, path->data, path->size);
}

/* Calls put() for each word; a NUL ends each word. */
static void put_words(struct json_writer *json, const char *key, const struct bytes *words,
		      void (*put)(struct json_writer *json, const char *key, const char *word,
				  size_t size))
{
	json_open_array(json, key);
	for (size_t at = 0; at < words->size;) {
		size_t size = strnlen(words->data + at, words->size - at);

		put(json, NULL, words->data + at, size);
		at += size + 1;
	}
	json_close(json);
}

static void put_argv(struct json_writer *json, const struct event *event)
{
	const struct bytes *argv = &event->call.argv;
	bool plain = true;

	for (size_t at = 0; at < argv->size; at += strnlen(argv->data + at, argv->size - at) + 1) {
		size_t size = strnlen(argv->data + at, argv->size - at);

		plain = plain && utf8_valid_len(argv->data + at, size) == size;
	}
	if (!argv->data)
		json_put_null(json, "argv");
	else
		put_words(json, "argv", argv, put_bytes);
	if (!argv->data || plain)
		json_put_null(json, "argv_hex");
	else
		put_words(json, "argv_hex", argv, put_hex);
	json_put_bool(json, "argv_truncated", event->call.argv_truncated);
}

/* -- Events ------------------------------------------------------------------------------------------ */

static const char *const names[EVENT_KINDS] = {
	[EVENT_START] = "start",     [EVENT_EXIT] = "exit",   [EVENT_EXEC] = "exec",
	[EVENT_OTHER_CALL] = "call", [EVENT_FAULT] = "fault", [EVENT_WAIT] = "wait",
};

static void put_file(struct json_writer *json, const struct event *event)
{
	const struct file_id *file = &event->call.file;
	_cleanup_free_ char *device = NULL, *inode = NULL;

	put_path(json, "path", &event->call.path);
	json_put_bool(json, "path_deleted", event->call.deleted);
	put_path(json, "path2", &event->call.path2);
	if (event->call.has_file) {
		/* The kernel's own encoding: MINORBITS in include/linux/kdev_t.h. */
		device = xasprintf("%u:%u", file->device >> 20, file->device & 0xfffff);
		inode = xasprintf("%" PRIu64, (uint64_t)file->inode);
	}
	json_put_text(json, "device", device);
	json_put_text(json, "inode", inode);
}

/* The number of bytes that the caller asked for, if an argument has it */
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

static void put_arguments(struct json_writer *json, const struct event *event,
			  const struct call_info *info)
{
	const uint64_t *args = event->call.args;
	bool has_flags = info->flags_arg != NO_ARG, has_mode = info->mode_arg != NO_ARG;
	bool moves = info->rule.effect == EFFECT_READ || info->rule.effect == EFFECT_WRITE;
	_cleanup_free_ char *flags = has_flags ? symbol_open_flags(args[info->flags_arg]) : NULL;
	int32_t fd = info->rule.kind == CALL_FD ? (int32_t)args[info->rule.fd_arg] : -1;
	_cleanup_free_ char *mode = NULL;
	int64_t asked = 0;

	/* open(2) reads the mode only when it may create. */
	has_mode = has_mode && (!has_flags || call_may_create(args[info->flags_arg]));
	if (info->rule.kind == CALL_OPEN)
		put_known(json, "fd", event->call.result, event->call.result >= 0);
	else
		put_known(json, "fd", fd, fd >= 0);
	json_put_text(json, "flags", flags);
	if (has_mode)
		mode = xasprintf("0%03o", (unsigned)args[info->mode_arg] & 07777);
	json_put_text(json, "mode", mode);
	put_known(json, "bytes", event->call.result, moves && event->call.result >= 0);
	put_known(json, "bytes_asked", asked, asked_bytes(event, &asked));
	put_known(json, "offset", info->offset_arg != NO_ARG ? (int64_t)args[info->offset_arg] : 0,
		  info->offset_arg != NO_ARG);
}

static void put_call(struct json_writer *json, const struct event *event)
{
	const struct call_info *info = event->kind == EVENT_FAULT ? NULL
								  : call_find(event->call.number);
	bool failed = event->call.result < 0 && event->call.result >= -4095;

	json_put_text(json, "operation", info ? info->name : "page-fault");
	json_put_text(json, "request",
		      event->call.is_request ? request_way_names[event->call.way] : NULL);
	put_file(json, event);
	if (info) {
		put_arguments(json, event, info);
		put_flag(json, "created", event->call.created,
			 info->rule.kind == CALL_OPEN && event->call.open_mode_known);
		put_flag(json, "writable", event->call.for_writing, event->call.open_mode_known);
	}
	put_known(json, "result", event->call.result, info != NULL);
	json_put_text(json, "errno", failed ? symbol_errno((int)-event->call.result) : NULL);
	json_put_i64(json, "blocked_ns", (int64_t)event->call.blocked_ns);
	json_put_i64(json, "runqueue_ns", (int64_t)event->call.runqueue_ns);
	if (event->kind == EVENT_EXEC)
		put_argv(json, event);
}

static void put_wait(struct json_writer *json, const struct event *event)
{
	bool woken = event->wait.waker_pid || event->wait.waker_interrupt;

	json_put_text(json, "reason", wait_reason_names[event->wait.reason]);
	json_put_i64(json, "delivery_ns", (int64_t)event->wait.delivery_ns);
	if (!woken) {
		json_put_null(json, "waker");
		return;
	}
	json_open_object(json, "waker");
	json_put_u64(json, "pid", event->wait.waker_pid);
	put_comm(json, "comm", event->wait.waker_comm);
	json_put_bool(json, "interrupt", event->wait.waker_interrupt);
	json_close(json);
}

static void put_exit(struct json_writer *json, const struct event *event)
{
	_cleanup_free_ char *name = event->exit_signal ? symbol_signal(event->exit_signal) : NULL;

	put_known(json, "exit_code", event->exit_code, !event->exit_signal);
	json_put_text(json, "signal_name", name);
}

static bool check(struct event_log *log)
{
	if (!log->error && log->file)
		log->error = growing_file_error(log->file);
	return log->error == 0;
}

static void open_line(struct json_writer *json, const struct event_log *log, const char *event)
{
	json_writer_open(json, log->out, JSON_COMPACT);
	json_open_object(json, NULL);
	json_put_text(json, "event", event);
}

static void close_line(struct json_writer *json)
{
	json_close(json);
	putc('\n', json->out);
}

static void print_event(void *context, const struct event *event)
{
	struct event_log *log = context;
	struct json_writer json;

	if (log->error) {
		log->unwritten++;
		return;
	}
	open_line(&json, log, names[event->kind]);
	json_put_u64(&json, "start_ns", offset_ns(event->start_ns, log->start_ns));
	json_put_u64(&json, "duration_ns", event->end_ns - event->start_ns);
	json_put_u64(&json, "pid", event->id.pid);
	json_put_u64(&json, "tid", event->id.tid);
	put_comm(&json, "comm", event->comm);
	switch (event->kind) {
	case EVENT_START:
		json_put_u64(&json, "ppid", event->ppid);
		break;
	case EVENT_EXIT:
		put_exit(&json, event);
		break;
	case EVENT_WAIT:
		json_put_u64(&json, "cpu", event->cpu);
		put_wait(&json, event);
		break;
	default:
		json_put_u64(&json, "cpu", event->cpu);
		put_call(&json, event);
	}
	close_line(&json);
	if (check(log))
		log->events++;
	else
		log->unwritten++;
}

/* -- The run ----------------------------------------------------------------------------------------- */

void event_log_begin(struct event_log *log, const struct run_facts *facts, unsigned attempt)
{
	char started_at[JSON_TIME_BYTES];
	struct json_writer json;

	log->start_ns = facts->start_ns;
	log->events = log->lost = log->unwritten = 0;
	open_line(&json, log, "run");
	json_put_u64(&json, "log_version", EVENT_LOG_VERSION);
	json_put_text(&json, "run_id", facts->id);
	json_put_u64(&json, "attempt", attempt);
	json_put_text(&json, "started_at", json_time(started_at, &facts->started_at));
	json_open_array(&json, "command");
	for (size_t i = 0; facts->argv[i]; i++)
		json_put_text(&json, NULL, facts->argv[i]);
	json_close(&json);
	json_put_bool(&json, "calls", facts->trace.io && !facts->trace.io_blocked);
	json_put_bool(&json, "waits", facts->trace.cpu);
	close_line(&json);
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
		struct json_writer json;

		open_line(&json, log, "lost");
		json_put_u64(&json, "before_ns", offset_ns(until_ns, log->start_ns));
		json_put_u64(&json, "count", lost - log->lost);
		close_line(&json);
		log->lost = lost;
	}
	fflush(log->out);
	check(log);
}

uint64_t event_log_end(struct event_log *log, const struct run_facts *facts)
{
	struct json_writer json;

	open_line(&json, log, "end");
	json_put_u64(&json, "duration_ns", offset_ns(facts->end_ns, facts->start_ns));
	json_put_u64(&json, "events", log->events);
	json_put_u64(&json, "lost", log->lost);
	close_line(&json);
	fflush(log->out);
	if (log->file)
		growing_file_drain(log->file, OUTLET_PATIENCE_NS);
	check(log);
	event_queue_done(&log->queue);
	return log->unwritten + (log->file ? growing_file_lost_lines(log->file) : 0);
}
