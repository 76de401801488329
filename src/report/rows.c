/* The long lists of a report: stalls, processes, files, commands, operations. */
#include "report/rows.h"

#include <stdlib.h>

#include "base/quote.h"
#include "base/utf8.h"
#include "base/util.h"
#include "catalog/causes.h"
#include "catalog/words.h"
#include "model/calls.h"
#include "model/process.h"
#include "model/stall.h"
#include "model/symbols.h"
#include "model/table.h"
#include "report/fill.h"
#include "report/span_rows.h"

#define COMMAND_LINE_BYTES 200
#define PRIO_DEADLINE      255 /* -1 in eight bits (abi.h) */

/* -- Stalls ---------------------------------------------------------------------------------------- */

static void fill_shares(struct arena *memory, const struct stall *stall, struct report_stall *row)
{
	row->shares.list = arena_alloc(memory, CAUSES, sizeof(*row->shares.list));
	for (enum cause cause = 0; cause < CAUSES; cause++) {
		_cleanup_free_ char *key = NULL;

		if (!(cause_catalog[cause].kinds & 1u << stall->kind))
			continue;
		key = xasprintf("%s_ns", cause_catalog[cause].name);
		row->shares.list[row->shares.count++] =
			(struct report_share){fill_text(memory, key), stall->shares.ns[cause]};
	}
}

/* The arguments quoted in one line; NULL if there is no memory for it */
static char *command_line(const struct image *image)
{
	char *line = NULL;
	size_t size;
	FILE *out = open_memstream(&line, &size);

	for (size_t at = 0;
	     out && at < image->argv.size && (size_t)ftell(out) <= COMMAND_LINE_BYTES;) {
		size_t length = strnlen(image->argv.data + at, image->argv.size - at);
		_cleanup_free_ char *word = utf8_sanitize(image->argv.data + at, length, NULL);

		if (at)
			putc(' ', out);
		quote_for_shell(word, out);
		at += length + 1;
	}
	if (out)
		fclose(out);
	if (line)
		line[utf8_prefix_len(line, COMMAND_LINE_BYTES)] = '\0';
	return line;
}

static struct optional_i64 prio_of(uint8_t prio)
{
	return known_i64(prio == PRIO_DEADLINE ? -1 : prio, true);
}

static struct word policy_of(uint8_t policy)
{
	return policy < POLICIES && policy_names[policy] ? word_of(policy_names, policy)
							 : (struct word){NULL, -1};
}

static struct optional_u64 pid_of(uint32_t pid)
{
	return known_u64(pid, pid != 0);
}

static void fill_culprits(struct arena *memory, const struct stall *stall, struct report_stall *row)
{
	const struct culprits *culprits = &stall->culprits;

	if (stall->kind == STALL_HICCUP)
		return;
	row->culprits_dropped_ns = known_u64(culprits->dropped_ns, true);
	row->culprits.count = culprits->count;
	row->culprits.list = arena_alloc(memory, culprits->count, sizeof(*row->culprits.list));
	for (size_t i = 0; i < culprits->count; i++) {
		const struct culprit *culprit = &culprits->list[i];
		struct report_culprit *to = &row->culprits.list[i];

		*to = (struct report_culprit){
			.pid = known_u64(culprit->host_pid, true),
			.comm = fill_comm(memory, culprit->comm),
			.policy.value = -1,
			.where = word_of(culprit_where_names, culprit->where),
			.held = word_of(culprit_held_names, culprit->held),
			.cgroup = fill_text(memory, culprit->cgroup_path),
			.ns = culprit->ns,
		};
		if (stall->kind == STALL_CPU) {
			to->prio = prio_of(culprit->prio);
			to->policy = policy_of(culprit->policy);
		} else if (culprit->held == HELD_DEVICE) {
			to->bytes_read = known_u64(culprit->bytes_read, true);
			to->bytes_written = known_u64(culprit->bytes_written, true);
		}
	}
}

static void fill_wait(struct arena *memory, const struct stall *stall, struct report_stall *row)
{
	if (stall->kind != STALL_CPU)
		return;
	if ((unsigned)stall->wait.reason < WAIT_REASONS)
		row->reason = word_of(wait_reason_names, stall->wait.reason);
	row->delivery_ns = known_u64(stall->wait.delivery_ns, true);
	row->queue_ns = known_u64(stall->wait.queue_ns, true);
	row->prio = prio_of(stall->wait.prio);
	row->policy = policy_of(stall->wait.policy);
	if (stall->wait.waker_host_pid || stall->wait.waker_interrupt) {
		row->waker = arena_alloc(memory, 1, sizeof(*row->waker));
		row->waker->pid = pid_of(stall->wait.waker_pid);
		row->waker->comm = fill_comm(memory, stall->wait.waker_comm);
		row->waker->interrupt = stall->wait.waker_interrupt;
	}
	row->late_ns = known_u64(stall->wait.late_ns, true);
}

/* The descriptor that the call takes or returns, the byte count, offset, flags and mode */
static void fill_arguments(struct arena *memory, const struct stall *stall,
			   const struct call_info *info, struct report_stall *row)
{
	const uint64_t *args = stall->call.args;
	bool known = info && stall->finished;
	bool ended = known && !stall->call.one_block;
	bool opened = ended && info->rule.kind == CALL_OPEN;
	bool moves = ended &&
		     (info->rule.effect == EFFECT_READ || info->rule.effect == EFFECT_WRITE);
	bool has_flags = known && info->flags_arg != NO_ARG;
	bool has_mode = known && info->mode_arg != NO_ARG;
	_cleanup_free_ char *flags = has_flags ? symbol_open_flags(args[info->flags_arg]) : NULL;
	_cleanup_free_ char *mode = NULL;

	/* open(2) reads the mode only when it may create. */
	if (has_mode && (!has_flags || call_may_create(args[info->flags_arg])))
		mode = xasprintf("0%03o", (unsigned)args[info->mode_arg] & 07777);
	if (opened && stall->call.result >= 0)
		row->fd = known_i64(stall->call.result, true);
	else if (known && info->rule.kind == CALL_FD)
		row->fd = known_i64((int32_t)args[info->rule.fd_arg],
				    (int32_t)args[info->rule.fd_arg] >= 0);
	row->bytes = known_u64((uint64_t)stall->call.result, moves && stall->call.result >= 0);
	if (known && info->offset_arg != NO_ARG)
		row->offset = known_i64((int64_t)args[info->offset_arg], true);
	row->flags = fill_text(memory, flags);
	row->mode = fill_text(memory, mode);
}

/*
 * An address of a mapping can also be negative as a number: only the last page has errors
 * (MAX_ERRNO, linux/err.h).
 */
static const char *error_name(int64_t result)
{
	return result < 0 && result >= -4095 ? symbol_errno((int)-result) : NULL;
}

static void fill_call(struct arena *memory, const struct stall *stall, struct report_stall *row)
{
	const struct call_info *info;

	if (stall->kind != STALL_IO)
		return;
	info = stall->call.page_fault ? NULL : call_find(stall->call.number);
	row->operation = stall->call.page_fault ? "page-fault" : info ? info->name : "unknown";
	if (stall->call.is_request)
		row->request = word_of(request_way_names, (int)stall->call.way);
	row->path = fill_name(memory, stall->call.path.data, stall->call.path.size);
	row->path_hex = fill_hex(memory, stall->call.path.data, stall->call.path.size);
	row->path_deleted = (struct optional_bool){stall->call.deleted, true};
	row->path2 = fill_name(memory, stall->call.path2.data, stall->call.path2.size);
	fill_arguments(memory, stall, info, row);
	row->result = known_i64(stall->call.result, stall->finished && !stall->call.page_fault &&
							    !stall->call.one_block);
	row->errno_name = error_name(stall->call.result);
	row->blocked_ns = known_u64(stall->call.blocked_ns, true);
	row->runqueue_ns = known_u64(stall->call.runqueue_ns, true);
	row->running_ns = known_u64(stall->call.running_ns, true);
	if (stall->call.kernel_function[0])
		row->kernel_function = fill_text(memory, stall->call.kernel_function);
	row->device = fill_text(memory, stall->call.device);
}

static void fill_hiccup(const struct stall *stall, struct report_stall *row)
{
	if (stall->kind != STALL_HICCUP)
		return;
	row->steal_ns = known_u64(stall->hiccup.steal_ns, stall->hiccup.has_steal);
	row->threads_hit = known_u64(stall->hiccup.threads_hit, true);
}

static void fill_delayed(struct arena *memory, const struct stall *stall, struct report_stall *row)
{
	size_t count = MIN(stall->delayed_count, (uint32_t)DELAYED_MAX);

	row->delayed.list = arena_alloc(memory, count, sizeof(*row->delayed.list));
	row->delayed.count = count;
	row->delayed_count = stall->delayed_count;
	for (size_t i = 0; i < count; i++) {
		const struct delayed *delayed = &stall->delayed[i];

		row->delayed.list[i] = (struct report_delayed){
			.pid = pid_of(delayed->pid),
			.tid = pid_of(delayed->tid),
			.comm = fill_comm(memory, delayed->comm),
			.late_ns = delayed->late_ns,
			.steps = delayed->steps,
		};
	}
}

static void fill_stall(struct arena *memory, const struct stall *stall, uint64_t start_ns,
		       struct report_stall *row)
{
	const struct image *image = stall->image;
	_cleanup_free_ char *line = image && image->argv.size ? command_line(image) : NULL;

	*row = (struct report_stall){
		.kind = {kind_catalog[stall->kind].name, (int)stall->kind},
		.start_ns = offset_ns(stall->start_ns, start_ns),
		.duration_ns = stall->duration_ns,
		.pid = pid_of(stall->id.pid),
		.tid = pid_of(stall->id.tid),
		.comm = fill_comm(memory, stall->comm),
		.comm_hex = fill_hex(memory, stall->comm, strnlen(stall->comm, COMM_BYTES)),
		.exe = image ? fill_name(memory, image->exe.data, image->exe.size) : NULL,
		.command = fill_text(memory, line),
		.cpu = known_u64(stall->cpu, true),
		.cause = {cause_catalog[stall->cause].name, (int)stall->cause},
		.finished = {stall->finished, true},
		.reason.value = -1,
		.request.value = -1,
		.policy.value = -1,
	};
	span_rows_owner(memory, stall, row);
	fill_shares(memory, stall, row);
	fill_culprits(memory, stall, row);
	fill_wait(memory, stall, row);
	fill_call(memory, stall, row);
	fill_hiccup(stall, row);
	fill_delayed(memory, stall, row);
}

struct report_stall *rows_stalls(struct arena *memory, const struct model *model, uint64_t start_ns,
				 size_t *ret_count)
{
	_cleanup_free_ struct stall **stalls = model_stalls(model, ret_count);
	struct report_stall *rows = arena_alloc(memory, *ret_count, sizeof(*rows));

	for (size_t i = 0; i < *ret_count; i++)
		fill_stall(memory, stalls[i], start_ns, &rows[i]);
	return rows;
}

/* -- Processes ------------------------------------------------------------------------------------- */

static struct report_waits fill_waits(struct arena *memory, const struct wait_stats *waits)
{
	struct report_waits row = {
		.count = waits->count,
		.total_ns = waits->total_ns,
		.delivery_ns = waits->delivery_ns,
		.queue_ns = waits->total_ns - waits->delivery_ns,
		.max_ns = waits->max_ns,
	};

	row.histogram.list = fill_histogram(memory, &waits->histogram, &row.histogram.count);
	return row;
}

struct report_waits rows_waits(struct arena *memory, const struct thread_sums *sums)
{
	struct report_waits row = fill_waits(memory, &sums->waits);

	row.run_delay_ns = sums->run_delay_ns;
	return row;
}

static void fill_process(struct arena *memory, const struct process *process, uint64_t start_ns,
			 struct report_process *row)
{
	const struct image *image = process->image;
	uint64_t user_ns, system_ns;
	struct thread_sums sums;

	process_sums(process, &sums);
	thread_sums_cpu_time(&sums, &user_ns, &system_ns);
	*row = (struct report_process){
		.pid = pid_of(process->pid),
		.host_pid = known_u64(process->host_pid, true),
		.ppid = pid_of(process->ppid),
		.comm = fill_comm(memory, process->comm),
		.comm_hex = fill_hex(memory, process->comm, strnlen(process->comm, COMM_BYTES)),
		.exe = image ? fill_name(memory, image->exe.data, image->exe.size) : NULL,
		.exe_hex = image ? fill_hex(memory, image->exe.data, image->exe.size) : NULL,
		.argv_truncated = image && image->argv_truncated,
		.start_ns = known_u64(offset_ns(process->start_ns, start_ns), true),
		.end_ns = known_u64(offset_ns(process->end_ns, start_ns), process->end_ns != 0),
		.left_ns = known_u64(offset_ns(process->left_ns, start_ns), process->left_ns != 0),
		.exit_code =
			known_u64((uint64_t)process->exit_code,
				  process->end_ns && process->has_exit && !process->exit_signal),
		.signal = known_u64((uint64_t)process->exit_signal,
				    process->end_ns && process->exit_signal),
		/* its start may be lost, or not read yet */
		.threads = MAX(process->threads, 1u),
		.stalls = process->stalls,
		.cpu = rows_waits(memory, &sums),
		.io = {.count = sums.io.count,
		       .total_ns = sums.io.total_ns,
		       .max_ns = sums.io.max_ns,
		       .bytes_read = sums.io.bytes_read,
		       .bytes_written = sums.io.bytes_written,
		       .errors = sums.io.errors},
		.reclaim_ns = known_u64(sums.reclaim_ns, true),
		.compaction_ns = known_u64(sums.compaction_ns, true),
		.swap_ns = known_u64(process->swap_ns, true),
		.user_ns = known_u64(user_ns, true),
		.system_ns = known_u64(system_ns, true),
	};
	fill_argv(memory, image ? image->argv.data : NULL, image ? image->argv.size : 0, &row->argv,
		  &row->argv_hex);
}

struct report_process *rows_processes(struct arena *memory, const struct model *model,
				      uint64_t start_ns, size_t *ret_count)
{
	_cleanup_free_ struct process **processes = model_processes(model, ret_count);
	struct report_process *rows = arena_alloc(memory, *ret_count, sizeof(*rows));

	for (size_t i = 0; i < *ret_count; i++)
		fill_process(memory, processes[i], start_ns, &rows[i]);
	return rows;
}

/* -- Files, commands, operations ------------------------------------------------------------------- */

struct report_file *rows_files(struct arena *memory, const struct model *model, size_t *ret_count)
{
	size_t count;
	_cleanup_free_ struct file_row **files = model_files(model, &count);
	struct report_file *rows;

	*ret_count = MIN(count, model->limits.files);
	rows = arena_alloc(memory, *ret_count, sizeof(*rows));
	for (size_t i = 0; i < *ret_count; i++) {
		const struct file_totals *totals = &files[i]->totals;
		const struct bytes *path = &files[i]->path;

		rows[i] = (struct report_file){
			.path = fill_name(memory, path->data, path->size),
			.path_hex = fill_hex(memory, path->data, path->size),
			.path_deleted = files[i]->deleted,
			.opens = totals->opens,
			.reads = totals->reads,
			.writes = totals->writes,
			.syncs = totals->syncs,
			.bytes_read = totals->bytes_read,
			.bytes_written = totals->bytes_written,
			.errors = totals->errors,
			.total_ns = totals->total_ns,
			.max_ns = totals->max_ns,
		};
	}
	return rows;
}

struct report_command *rows_commands(struct arena *memory, const struct model *model,
				     size_t *ret_count)
{
	uint64_t left_out;
	_cleanup_free_ struct command *commands = model_commands(model, ret_count, &left_out);
	struct report_command *rows = arena_alloc(memory, *ret_count, sizeof(*rows));

	for (size_t i = 0; i < *ret_count; i++)
		rows[i] = (struct report_command){
			.comm = fill_comm(memory, commands[i].comm),
			.processes = commands[i].processes,
			.waits = fill_waits(memory, &commands[i].waits),
		};
	return rows;
}

struct report_operation *rows_operations(struct arena *memory, const struct model *model,
					 size_t *ret_count)
{
	_cleanup_free_ struct call_row *calls = model_calls(model, ret_count);
	struct report_operation *rows = arena_alloc(memory, *ret_count, sizeof(*rows));

	for (size_t i = 0; i < *ret_count; i++) {
		const struct call_info *info = call_find(calls[i].number);

		rows[i] = (struct report_operation){
			.operation = info ? info->name : "unknown",
			.count = calls[i].totals.count,
			.total_ns = calls[i].totals.total_ns,
			.max_ns = calls[i].totals.max_ns,
			.errors = calls[i].totals.errors,
			.bytes = calls[i].totals.bytes,
		};
	}
	return rows;
}
