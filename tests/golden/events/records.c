/* The lines of an event list that become records and tables, as the kernel side would send them. */
#include <sys/stat.h>

#include "base/util.h"
#include "events.h"
#include "model/calls.h"
#include "../../fuzz/stream.h"
#include "model/record.h"
#include "model/table.h"

/* -- Records in the making ----------------------------------------------------------------------- */

static void write_stream(struct replay *replay, enum stream_kind kind, const void *data,
			 size_t bytes)
{
	const struct stream_item item = {.kind = kind, .bytes = (uint16_t)bytes};

	if (!replay->stream)
		return;
	fwrite(&item, sizeof(item), 1, replay->stream);
	fwrite(data, bytes, 1, replay->stream);
}

void replay_flush(struct replay *replay)
{
	struct record_header *header = (struct record_header *)replay->record;
	/* A copy of just that size: what the model reads beyond it is for the sanitizer to see. */
	_cleanup_free_ void *copy = xmalloc(replay->record_bytes);

	if (!replay->record_bytes)
		return;
	if (replay->record_bytes >= sizeof(*header))
		header->bytes = (u32)replay->record_bytes;
	memcpy(copy, replay->record, replay->record_bytes);
	model_record(replay_model(replay), copy, replay->record_bytes);
	write_stream(replay, STREAM_RECORD, copy, replay->record_bytes);
	replay->record_bytes = 0;
}

static void *begin(struct replay *replay, struct line *line, enum record_type type, size_t bytes)
{
	struct record_header *header = (struct record_header *)replay->record;

	memset(replay->record, 0, sizeof(replay->record));
	replay->record_bytes = bytes;
	replay->parts = 0;
	header->type = type;
	header->time_ns = time_at(line, "at");
	return replay->record;
}

static void append(struct replay *replay, struct line *line, const void *data, size_t bytes)
{
	if (bytes > sizeof(replay->record) - 1 - replay->record_bytes)
		bad_line(line, "no room for", line->name);
	if (bytes)
		memcpy(replay->record + replay->record_bytes, data, bytes);
	replay->record_bytes += bytes;
}

/* A path as the dentry walk would find it: "/a/b" becomes "b\0a\0". */
static size_t append_walk(struct replay *replay, struct line *line, const char *key)
{
	struct bytes path = text(line, key);
	size_t before = replay->record_bytes;

	for (size_t end = path.size; end > 0;) {
		size_t start = end;

		while (start > 0 && path.data[start - 1] != '/')
			start--;
		if (end > start) {
			append(replay, line, path.data + start, end - start);
			append(replay, line, "", 1);
		}
		end = start ? start - 1 : 0;
	}
	bytes_done(&path);
	return replay->record_bytes - before;
}

static struct task_id task(struct line *line)
{
	struct task_id id = {.pid = (u32)number(line, "pid", 0)};

	id.tid = (u32)number(line, "tid", id.pid);
	id.host_pid = (u32)number(line, "host-pid", id.pid);
	id.host_tid = (u32)number(line, "host-tid", id.host_pid + (id.tid - id.pid));
	return id;
}

static const struct call_info *call(struct line *line, const char *key)
{
	_cleanup_free_ char *name = string(line, key);

	for (unsigned i = 0; name && i < call_table_size; i++)
		if (streq(call_table[i].name, name))
			return &call_table[i];
	if (name)
		bad_line(line, "no such call:", name);
	return NULL;
}

static struct file_id file(struct line *line)
{
	return (struct file_id){
		.inode = (u64)number(line, "inode", 0),
		.device = (u32)number(line, "device", 0x800001),
		.generation = (u32)number(line, "generation", 0),
	};
}

/* -- Processes ----------------------------------------------------------------------------------- */

static void take_start(struct replay *replay, struct line *line)
{
	struct record_start *record = begin(replay, line, RECORD_THREAD_START, sizeof(*record));

	record->id = task(line);
	record->ppid = (u32)number(line, "ppid", 0);
	record->creator_host_pid = (u32)number(line, "creator", record->ppid);
	comm(line, "comm", record->comm);
}

static void take_exec(struct replay *replay, struct line *line)
{
	struct record_exec *record = begin(replay, line, RECORD_EXEC, sizeof(*record));
	struct bytes argv = words(line, "argv");

	record->id = task(line);
	record->ppid = (u32)number(line, "ppid", 0);
	record->argv_truncated = flag(line, "argv-truncated");
	record->exe_truncated = flag(line, "exe-truncated");
	comm(line, "comm", record->comm);
	if (record->argv_truncated && argv.size)
		argv.size--;
	record->argv_bytes = (u32)argv.size;
	append(replay, line, argv.data, argv.size);
	record->exe_walk_bytes = (u32)append_walk(replay, line, "exe");
	bytes_done(&argv);
}

static const char *const reasons[] = {"wakeup", "fork", "preempted", "yield"};

static unsigned bucket(uint64_t ns)
{
	return MIN(hist_log2_bucket(ns), (unsigned)WAIT_BUCKETS - 1);
}

static void take_thread(struct replay *replay, struct line *line, enum record_type type)
{
	struct record_thread *record = begin(replay, line, type, sizeof(*record));
	const struct call_info *info = call(line, "call");
	const char *cursor = list(line, "waits");
	uint64_t ns;

	record->id = task(line);
	record->ppid = (u32)number(line, "ppid", 0);
	record->is_leader = record->id.host_pid == record->id.host_tid;
	record->is_group_exit = flag(line, "group-exit");
	record->exit_code = (s32)(number(line, "exit", 0) << 8 | number(line, "signal", 0));
	comm(line, "comm", record->comm);
	record->start_ns = time_at(line, "start");
	record->run_delay_ns = length(line, "run-delay");
	record->runtime_ns = length(line, "runtime");
	record->user_ns = length(line, "user");
	record->system_ns = length(line, "system");
	record->reclaim_ns = length(line, "reclaim");
	record->compaction_ns = length(line, "compaction");
	while (next_length(line, &cursor, &ns)) {
		record->waits.count++;
		record->waits.total_ns += ns;
		record->waits.max_ns = MAX(record->waits.max_ns, ns);
		record->waits.histogram[bucket(ns)]++;
	}
	record->waits.delivery_ns = length(line, "delivery");
	cursor = list(line, "calls");
	while (next_length(line, &cursor, &ns)) {
		record->io.count++;
		record->io.total_ns += ns;
		record->io.max_ns = MAX(record->io.max_ns, ns);
	}
	record->io.bytes_read = (u64)number(line, "read", 0);
	record->io.bytes_written = (u64)number(line, "written", 0);
	record->io.errors = (u64)number(line, "errors", 0);
	record->wait_reason = (u8)choice(line, "reason", reasons, ARRAY_SIZE(reasons));
	record->wait_start_ns = time_at(line, "wait-start");
	record->wait_woken_ns = time_at(line, "wait-woken");
	record->call_start_ns = time_at(line, "call-start");
	record->call_blocked_ns = length(line, "call-blocked");
	record->call_runqueue_ns = length(line, "call-runqueue");
	record->call_number = info ? info->number : (u32)number(line, "call-number", 0);
	record->cpu = (u32)number(line, "cpu", 0);
}

static void take_thread_end(struct replay *replay, struct line *line)
{
	take_thread(replay, line, RECORD_THREAD_END);
}

static void take_thread_live(struct replay *replay, struct line *line)
{
	take_thread(replay, line, RECORD_THREAD_LIVE);
}

static void take_thread_left(struct replay *replay, struct line *line)
{
	take_thread(replay, line, RECORD_THREAD_LEFT);
}

static void take_snapshot(struct replay *replay, struct line *line)
{
	uint8_t final = flag(line, "final");

	model_snapshot_begin(replay_model(replay), final);
	write_stream(replay, STREAM_SNAPSHOT, &final, sizeof(final));
}

static void take_moved(struct replay *replay, struct line *line)
{
	begin(replay, line, RECORD_MOVED, sizeof(struct record_header));
}

/* -- Waits --------------------------------------------------------------------------------------- */

static const char *const policies[] = {"other", "fifo", "rr",       "batch",
				       NULL,    "idle", "deadline", "ext"};

static void take_cpu_stall(struct replay *replay, struct line *line)
{
	struct record_cpu_stall *record = begin(replay, line, RECORD_CPU_STALL, sizeof(*record));

	record->id = task(line);
	comm(line, "comm", record->comm);
	record->start_ns = time_at(line, "start");
	record->woken_ns = time_at(line, "woken");
	if (!record->woken_ns)
		record->woken_ns = record->start_ns;
	record->cpu = (u32)number(line, "cpu", 0);
	record->reason = (u8)choice(line, "reason", reasons, ARRAY_SIZE(reasons));
	record->policy = (u8)choice(line, "policy", policies, ARRAY_SIZE(policies));
	record->prio = (u8)number(line, "prio", 120);
	record->waker_pid = (u32)number(line, "waker", 0);
	record->waker_host_pid = (u32)number(line, "waker-host-pid", record->waker_pid);
	record->waker_interrupt = flag(line, "interrupt");
	comm(line, "waker-comm", record->waker_comm);
	record->late_ns = length(line, "late");
	record->throttled_ns = length(line, "throttled");
	record->budget_ns = length(line, "budget");
}

static struct record_cpu_stall *pending_stall(struct replay *replay, struct line *line)
{
	struct record_cpu_stall *record = (struct record_cpu_stall *)replay->record;

	if (!replay->record_bytes || record->header.type != RECORD_CPU_STALL)
		bad_line(line, "no cpu-stall above", line->name);
	return record;
}

/* The last run queue first, as its slices come first in the record. */
static void take_queue(struct replay *replay, struct line *line)
{
	struct record_cpu_stall *record = pending_stall(replay, line);

	if (record->queue_count == QUEUES_MAX)
		bad_line(line, "too many", "queues");
	memmove(record->queues + 1, record->queues,
		record->queue_count * sizeof(record->queues[0]));
	record->queue_count++;
	record->queues[0] = (struct queue_time){
		.from_ns = time_at(line, "from"),
		.steal_from_ns = length(line, "steal-from"),
		.steal_until_ns = length(line, "steal-until"),
		.irq_from_ns = length(line, "irq-from"),
		.irq_until_ns = length(line, "irq-until"),
		.cpu = (u32)number(line, "cpu", 0),
	};
}

/* Within a queue, too, the newest comes first. */
static void take_slice(struct replay *replay, struct line *line)
{
	struct record_cpu_stall *record = pending_stall(replay, line);
	struct slice slice = {
		.from_ns = time_at(line, "from"),
		.steal_ns = length(line, "steal"),
		.irq_ns = length(line, "irq"),
		.cgroup_id = (u64)number(line, "cgroup", 0),
		.host_pid = (u32)number(line, "pid", 0),
		.prio = (u8)number(line, "prio", 120),
		.policy = (u8)choice(line, "policy", policies, ARRAY_SIZE(policies)),
	};

	if (!record->queue_count)
		bad_line(line, "no queue above", line->name);
	slice.host_tid = (u32)number(line, "tid", slice.host_pid);
	slice.class = CLASS_OUTSIDE;
	if (flag(line, "kernel"))
		slice.class = CLASS_KERNEL;
	if (flag(line, "idle"))
		slice.class = CLASS_IDLE;
	if (flag(line, "inside"))
		slice.class = CLASS_INSIDE;
	comm(line, "comm", slice.comm);
	record->queues[0].slices++;
	record->slice_count++;
	append(replay, line, &slice, sizeof(slice));
}

static void take_hiccup(struct replay *replay, struct line *line)
{
	struct record_hiccup *record = begin(replay, line, RECORD_HICCUP, sizeof(*record));

	record->id = task(line);
	comm(line, "comm", record->comm);
	record->start_ns = time_at(line, "start");
	record->has_steal = has(line, "steal");
	record->steal_ns = length(line, "steal");
	record->cpu = (u32)number(line, "cpu", 0);
	record->inside = flag(line, "inside");
}

static void take_delayed(struct replay *replay, struct line *line)
{
	struct record_delayed *record = begin(replay, line, RECORD_DELAYED, sizeof(*record));

	record->id = task(line);
	comm(line, "comm", record->comm);
	record->asleep_ns = time_at(line, "asleep");
	record->stall_end_ns = time_at(line, "stall-end");
	record->stall_host_tid = (u32)number(line, "stall-tid", 0);
	record->waker_host_tid = (u32)number(line, "waker", record->stall_host_tid);
	record->steps = (u32)number(line, "steps", 1);
}

/* -- Calls and files ----------------------------------------------------------------------------- */

/* A function's name as the address by which kernel_symbols() knows it again. */
static u64 add_function(struct replay *replay, struct line *line, const char *field, char *name)
{
	struct names *functions = &replay->functions;
	u64 address = 0xffffffff81000000 + functions->count;

	if (functions->count == ARRAY_SIZE(functions->list))
		bad_line(line, "too many functions in", field);
	functions->list[functions->count].id = address;
	functions->list[functions->count++].name = name;
	return address;
}

/* 0: the line names no function. */
static u64 function(struct replay *replay, struct line *line, const char *field)
{
	const char *cursor = list(line, field);

	return *cursor ? add_function(replay, line, field, next_word(&cursor)) : 0;
}

/* Innermost first. */
static void fill_stack(struct replay *replay, struct line *line, u64 stack[STACK_DEPTH])
{
	const char *cursor = list(line, "stack");

	for (size_t i = 0; i < STACK_DEPTH && *cursor; i++)
		stack[i] = add_function(replay, line, "stack", next_word(&cursor));
}

static void take_io_stall(struct replay *replay, struct line *line)
{
	struct record_io_stall *record = begin(replay, line, RECORD_IO_STALL, sizeof(*record));
	const struct call_info *info = call(line, "call");
	const char *cursor = list(line, "args");
	char *end;

	record->id = task(line);
	comm(line, "comm", record->comm);
	record->start_ns = time_at(line, "start");
	record->duration_ns = record->header.time_ns - record->start_ns;
	record->blocked_ns = length(line, "blocked");
	record->runqueue_ns = length(line, "runqueue");
	record->iowait_ns = length(line, "iowait");
	record->reclaim_ns = length(line, "reclaim");
	record->longest_block_ns = length(line, "longest-block");
	record->file_system = (u32)number(line, "file-system", 0xef53);
	fill_stack(replay, line, record->stack);
	record->result = number(line, "result", 0);
	for (unsigned i = 0; i < ARRAY_SIZE(record->args) && *cursor; i++, cursor = end)
		record->args[i] = *cursor == '-' ? (u64)strtoll(cursor, &end, 0)
						 : strtoull(cursor, &end, 0);
	record->file = file(line);
	record->number = info ? info->number : (u32)number(line, "call-number", 0);
	record->cpu = (u32)number(line, "cpu", 0);
	record->mode = S_IFREG | 0644;
	record->flags = (record->file.inode ? IO_HAS_FILE : 0) |
			(flag(line, "fault") ? IO_PAGE_FAULT | IO_NO_WALK : 0) |
			(flag(line, "gone") ? IO_NO_WALK : 0) |
			(flag(line, "deleted") ? IO_DELETED : 0) |
			(flag(line, "truncated") ? IO_PATH_TRUNCATED : 0);
}

/* What the caller gave as `string`, and the file's own path, or where a relative string starts, as `walk`. */
static void take_device_uses(struct replay *replay, struct line *line)
{
	struct record_device_uses *record =
		begin(replay, line, RECORD_DEVICE_USES, sizeof(*record));

	record->start_ns = time_at(line, "start");
	record->blkcg = (u64)number(line, "blkcg", 0);
	record->host_tid = (u32)number(line, "tid", 0);
}

static void take_use(struct replay *replay, struct line *line)
{
	struct record_device_uses *record = (struct record_device_uses *)replay->record;
	struct device_use use = {
		.from_ns = time_at(line, "from"),
		.until_ns = time_at(line, "until"),
		.busy_ns = length(line, "busy"),
		.bytes = (u64)number(line, "bytes", 4096),
		.cgroup_id = (u64)number(line, "cgroup", 0),
		.blkcg = (u64)number(line, "blkcg", 0),
		.work = function(replay, line, "work"),
		.device = (u32)number(line, "device", 0x800000),
		.host_pid = (u32)number(line, "pid", 0),
		.writes = flag(line, "writes"),
	};

	if (!replay->record_bytes || record->header.type != RECORD_DEVICE_USES)
		bad_line(line, "no device-uses above", line->name);
	use.submitted_ns = use.from_ns;
	use.partition = (u32)number(line, "partition", 0x800001);
	use.host_tid = (u32)number(line, "tid", use.host_pid);
	use.class = CLASS_OUTSIDE;
	if (flag(line, "kernel"))
		use.class = CLASS_KERNEL;
	if (flag(line, "inside"))
		use.class = CLASS_INSIDE;
	if (!use.busy_ns)
		use.busy_ns = use.until_ns - use.from_ns;
	comm(line, "comm", use.comm);
	record->count++;
	append(replay, line, &use, sizeof(use));
}

static void take_path(struct replay *replay, struct line *line)
{
	struct record_io_stall *record = (struct record_io_stall *)replay->record;
	struct bytes given = text(line, "string");
	struct path_part *part = &record->path[replay->parts++];

	if (!replay->record_bytes || record->header.type != RECORD_IO_STALL || replay->parts > 2)
		bad_line(line, "no io-stall that takes", line->name);
	part->string_bytes = (u16)given.size;
	append(replay, line, given.data, given.size);
	part->walk_bytes = (u16)append_walk(replay, line, "walk");
	bytes_done(&given);
}

static void take_file(struct replay *replay, struct line *line)
{
	struct record_file *record = begin(replay, line, RECORD_FILE, sizeof(*record));

	record->file = file(line);
	record->mode = S_IFREG | 0644;
	record->flags = (flag(line, "deleted") ? IO_DELETED : 0) |
			(flag(line, "truncated") ? IO_PATH_TRUNCATED : 0);
	record->walk_bytes = (u32)append_walk(replay, line, "path");
}

static void take_file_totals(struct replay *replay, struct line *line)
{
	struct stream_file_totals payload = {.id = file(line)};
	struct file_totals *totals = &payload.totals;
	const char *cursor = list(line, "durations");
	uint64_t ns;

	totals->opens = (u64)number(line, "opens", 0);
	totals->reads = (u64)number(line, "reads", 0);
	totals->writes = (u64)number(line, "writes", 0);
	totals->syncs = (u64)number(line, "syncs", 0);
	totals->bytes_read = (u64)number(line, "read", 0);
	totals->bytes_written = (u64)number(line, "written", 0);
	totals->errors = (u64)number(line, "errors", 0);
	while (next_length(line, &cursor, &ns)) {
		totals->total_ns += ns;
		totals->max_ns = MAX(totals->max_ns, ns);
	}
	model_file_totals(replay_model(replay), &payload.id, totals);
	write_stream(replay, STREAM_FILE_TOTALS, &payload, sizeof(payload));
}

static void take_call_totals(struct replay *replay, struct line *line)
{
	struct stream_call_totals payload = {0};
	struct call_totals *totals = &payload.totals;
	const struct call_info *info = call(line, "call");
	const char *cursor = list(line, "durations");
	uint64_t ns;

	payload.number = info ? info->number : (u32)number(line, "call-number", 0);
	totals->errors = (u64)number(line, "errors", 0);
	totals->bytes = (u64)number(line, "bytes", 0);
	while (next_length(line, &cursor, &ns)) {
		totals->count++;
		totals->total_ns += ns;
		totals->max_ns = MAX(totals->max_ns, ns);
		totals->histogram[bucket(ns)]++;
	}
	model_call_totals(replay_model(replay), (uint32_t)payload.number, totals);
	write_stream(replay, STREAM_CALL_TOTALS, &payload, sizeof(payload));
}

/* Anything: what a record must not look like. */
static void take_raw(struct replay *replay, struct line *line)
{
	struct bytes data = text(line, "data");

	replay->record_bytes = 0;
	append(replay, line, data.data, data.size);
	bytes_done(&data);
}

const struct handler record_handlers[] = {
	{"start", take_start, false},
	{"exec", take_exec, false},
	{"thread-end", take_thread_end, false},
	{"thread-live", take_thread_live, false},
	{"thread-left", take_thread_left, false},
	{"snapshot", take_snapshot, false},
	{"moved", take_moved, false},
	{"cpu-stall", take_cpu_stall, false},
	{"queue", take_queue, true},
	{"slice", take_slice, true},
	{"hiccup", take_hiccup, false},
	{"delayed", take_delayed, false},
	{"io-stall", take_io_stall, false},
	{"device-uses", take_device_uses, false},
	{"use", take_use, true},
	{"path", take_path, true},
	{"file", take_file, false},
	{"file-totals", take_file_totals, false},
	{"call-totals", take_call_totals, false},
	{"raw", take_raw, false},
	{0},
};
