/* Events of the log: decodes a record into one file operation, page fault, wait, or start or end of a thread. */
#include "model/event.h"

#include "base/util.h"
#include "model/call_path.h"
#include "model/calls.h"
#include "model/record.h"
#include "model/stall.h"

static bool decode_start(const struct record_start *record, size_t bytes, struct event *ret)
{
	if (bytes < sizeof(*record))
		return false;
	ret->kind = EVENT_START;
	ret->id = record->id;
	ret->ppid = record->ppid;
	ret->start_ns = ret->end_ns;
	memcpy(ret->comm, record->comm, COMM_BYTES);
	return true;
}

/* The leader's end counts as the exit of the process, although other threads may still run. */
static bool decode_exit(const struct record_thread *record, size_t bytes, struct event *ret)
{
	if (bytes < sizeof(*record) || !record->is_leader)
		return false;
	ret->kind = EVENT_EXIT;
	ret->id = record->id;
	ret->cpu = record->cpu;
	ret->start_ns = MIN(record->start_ns, ret->end_ns);
	ret->exit_signal = record->exit_code & 0x7f;
	ret->exit_code = record->exit_code >> 8 & 0xff;
	memcpy(ret->comm, record->comm, COMM_BYTES);
	return true;
}

static bool decode_call(const struct model *model, const struct record_io_stall *record,
			size_t bytes, struct event *ret)
{
	bool fault = record->header.type == RECORD_IO_STALL, has_file;
	const struct call_info *info;
	size_t variable = 0;

	/* A stall record other than a page fault is a call, which has a RECORD_LOG_CALL of its own. */
	if (!record_is_whole_call(record, bytes) || (fault && !(record->flags & IO_PAGE_FAULT)) ||
	    record->duration_ns > ret->end_ns)
		return false;
	has_file = record->flags & IO_HAS_FILE;
	if (fault && !io_is_for_file(model, record, &has_file))
		return false;
	info = fault ? NULL : call_find(record->number);
	if (!fault && !info)
		return false;
	ret->kind = fault                          ? EVENT_FAULT
		    : info->rule.kind == CALL_EXEC ? EVENT_EXEC
						   : EVENT_OTHER_CALL;
	ret->id = record->id;
	ret->cpu = record->cpu;
	ret->start_ns = record->start_ns;
	ret->end_ns = record->start_ns + record->duration_ns;
	memcpy(ret->comm, record->comm, COMM_BYTES);
	ret->call.number = record->number;
	ret->call.is_request = record->flags & IO_REQUEST;
	ret->call.way = request_way(record);
	ret->call.has_file = has_file;
	ret->call.argv_truncated = record->flags & IO_ARGV_TRUNCATED;
	ret->call.open_mode_known = record->open_mode != 0;
	ret->call.created = record->open_mode & OPEN_MODE_CREATED && info &&
			    info->rule.kind == CALL_OPEN;
	ret->call.for_writing = record->open_mode & OPEN_MODE_WRITE;
	ret->call.result = record->result;
	ret->call.blocked_ns = record->blocked_ns;
	ret->call.runqueue_ns = record->runqueue_ns;
	ret->call.file = record->file;
	memcpy(ret->call.args, record->args, sizeof(record->args));
	if (ret->call.has_file || !fault)
		call_path(model, record, &ret->call.path, &ret->call.path2, &ret->call.deleted);
	for (unsigned i = 0; i < ARRAY_SIZE(record->path); i++)
		variable += record->path[i].string_bytes + record->path[i].walk_bytes;
	if (record->argv_bytes)
		ret->call.argv = bytes_copy(record->data + variable, record->argv_bytes);
	return true;
}

static bool decode_wait(const struct record_log_wait *record, size_t bytes, struct event *ret)
{
	if (bytes < sizeof(*record) || record->start_ns > record->woken_ns ||
	    record->woken_ns > record->header.time_ns || record->reason > WAIT_YIELD)
		return false;
	ret->kind = EVENT_WAIT;
	ret->id = record->id;
	ret->cpu = record->cpu;
	ret->start_ns = record->start_ns;
	memcpy(ret->comm, record->comm, COMM_BYTES);
	ret->wait.reason = record->reason;
	ret->wait.delivery_ns = record->woken_ns - record->start_ns;
	ret->wait.waker_pid = record->waker_pid;
	ret->wait.waker_interrupt = record->waker_interrupt;
	memcpy(ret->wait.waker_comm, record->waker_comm, COMM_BYTES);
	return true;
}

bool event_decode(const struct model *model, const void *record, size_t bytes, struct event *ret)
{
	const struct record_header *header = record;

	*ret = (struct event){0};
	if (bytes < sizeof(*header) || header->group)
		return false;
	ret->end_ns = header->time_ns;
	switch (header->type) {
	case RECORD_THREAD_START:
		return decode_start(record, bytes, ret);
	case RECORD_THREAD_END:
		return decode_exit(record, bytes, ret);
	case RECORD_IO_STALL:
	case RECORD_LOG_CALL:
		return decode_call(model, record, bytes, ret);
	case RECORD_LOG_WAIT:
		return decode_wait(record, bytes, ret);
	default:
		return false;
	}
}

void event_done(struct event *event)
{
	bytes_done(&event->call.path);
	bytes_done(&event->call.path2);
	bytes_done(&event->call.argv);
}
