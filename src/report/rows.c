/* The long lists of a report: stalls, processes, files, commands, operations. */
#include "report/rows.h"

#include <stdlib.h>

#include "base/quote.h"
#include "base/utf8.h"
#include "base/util.h"
#include "model/calls.h"
#include "model/symbols.h"
#include "report/json.h"
#include "report/span_rows.h"

#define COMMAND_LINE_BYTES 200
#define PRIO_DEADLINE      255 /* abi.h: -1 in eight bits */

uint64_t rows_offset(uint64_t time_ns, uint64_t start_ns)
{
	return time_ns > start_ns ? time_ns - start_ns : 0;
}

/* -- Stalls ---------------------------------------------------------------------------------------- */

static void add_shares(cJSON *row, const struct stall *stall)
{
	cJSON *shares = json_object(row, "shares");

	for (enum cause cause = 0; cause < CAUSES; cause++) {
		_cleanup_free_ char *key = NULL;

		if (!(cause_catalog[cause].kinds & 1u << stall->kind))
			continue;
		key = xasprintf("%s_ns", cause_catalog[cause].name);
		cJSON_AddItemToObject(shares, key, cJSON_CreateNumber(stall->shares.ns[cause]));
	}
}

/* In one line, quoted; NULL without memory for it. */
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

static void add_command_line(cJSON *row, const struct image *image)
{
	_cleanup_free_ char *line = image && image->argv.size ? command_line(image) : NULL;

	json_text(row, "command", line);
}

static void add_prio(cJSON *row, uint8_t prio, uint8_t policy)
{
	json_i64(row, "prio", prio == PRIO_DEADLINE ? -1 : prio);
	json_text(row, "policy", symbol_policy(policy));
}

static void add_pid(cJSON *row, const char *key, uint32_t pid)
{
	json_u64_known(row, key, pid, pid != 0);
}

static void add_culprits(cJSON *row, const struct culprits *culprits)
{
	cJSON *array = json_array(row, "culprits");

	for (size_t i = 0; i < culprits->count; i++) {
		const struct culprit *culprit = &culprits->list[i];
		cJSON *object = json_row(array);

		json_u64(object, "pid", culprit->host_pid);
		json_name(object, "comm", culprit->comm, strnlen(culprit->comm, COMM_BYTES));
		add_prio(object, culprit->prio, culprit->policy);
		json_text(object, "where", culprit_where_names[culprit->where]);
		json_name(object, "cgroup", culprit->cgroup_path,
			  culprit->cgroup_path ? strlen(culprit->cgroup_path) : 0);
		json_u64(object, "ns", culprit->ns);
	}
}

static void add_wait(cJSON *row, const struct stall *stall)
{
	if (stall->kind != STALL_CPU) {
		static const char *const keys[] = {"reason", "delivery_ns", "queue_ns", "prio",
						   "policy", "waker",       "culprits", "late_ns"};

		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			json_text(row, keys[i], NULL);
		return;
	}
	json_text(row, "reason",
		  stall->wait.reason < WAIT_REASONS ? wait_reason_names[stall->wait.reason] : NULL);
	json_u64(row, "delivery_ns", stall->wait.delivery_ns);
	json_u64(row, "queue_ns", stall->wait.queue_ns);
	add_prio(row, stall->wait.prio, stall->wait.policy);
	if (stall->wait.waker_host_pid || stall->wait.waker_interrupt) {
		cJSON *waker = json_object(row, "waker");

		add_pid(waker, "pid", stall->wait.waker_pid);
		json_name(waker, "comm", stall->wait.waker_comm,
			  strnlen(stall->wait.waker_comm, COMM_BYTES));
		json_bool(waker, "interrupt", stall->wait.waker_interrupt);
	} else {
		json_text(row, "waker", NULL);
	}
	add_culprits(row, &stall->wait.culprits);
	json_u64(row, "late_ns", stall->wait.late_ns);
}

/* The descriptor that the call takes or returned, the byte count, offset, flags and mode. */
static void add_arguments(cJSON *row, const struct stall *stall, const struct call_info *info)
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
		json_i64(row, "fd", stall->call.result);
	else if (known && info->rule.kind == CALL_FD)
		json_i64(row, "fd", (int32_t)args[info->rule.fd_arg]);
	else
		json_text(row, "fd", NULL);
	json_u64_known(row, "bytes", stall->call.result < 0 ? 0 : (uint64_t)stall->call.result,
		       moves && stall->call.result >= 0);
	if (known && info->offset_arg != NO_ARG)
		json_i64(row, "offset", args[info->offset_arg]);
	else
		json_text(row, "offset", NULL);
	json_text(row, "flags", flags);
	json_text(row, "mode", mode);
}

/* A file that is mapped high would be negative, too: errors are the last page (MAX_ERRNO, linux/err.h). */
static const char *error_name(int64_t result)
{
	return result < 0 && result >= -4095 ? symbol_errno((int)-result) : NULL;
}

static void add_call(cJSON *row, const struct stall *stall)
{
	const struct call_info *info;

	if (stall->kind != STALL_IO) {
		static const char *const keys[] = {"operation",      "path",        "path_hex",
						   "path_deleted",   "path2",       "fd",
						   "bytes",          "offset",      "flags",
						   "mode",           "result",      "errno",
						   "blocked_ns",     "runqueue_ns", "running_ns",
						   "kernel_function"};

		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			json_text(row, keys[i], NULL);
		return;
	}
	info = stall->call.page_fault ? NULL : call_find(stall->call.number);
	json_text(row, "operation",
		  stall->call.page_fault ? "page-fault"
		  : info                 ? info->name
					 : "unknown");
	json_name_hex(row, "path", stall->call.path.data, stall->call.path.size);
	json_bool(row, "path_deleted", stall->call.deleted);
	json_name(row, "path2", stall->call.path2.data, stall->call.path2.size);
	add_arguments(row, stall, info);
	if (stall->finished && !stall->call.page_fault && !stall->call.one_block)
		json_i64(row, "result", stall->call.result);
	else
		json_text(row, "result", NULL);
	json_text(row, "errno", error_name(stall->call.result));
	json_u64(row, "blocked_ns", stall->call.blocked_ns);
	json_u64(row, "runqueue_ns", stall->call.runqueue_ns);
	json_u64(row, "running_ns", stall->call.running_ns);
	json_text(row, "kernel_function",
		  stall->call.kernel_function[0] ? stall->call.kernel_function : NULL);
}

static void add_pause(cJSON *row, const struct stall *stall)
{
	bool is_pause = stall->kind == STALL_HICCUP;

	json_u64_known(row, "steal_ns", is_pause ? stall->pause.steal_ns : 0,
		       is_pause && stall->pause.has_steal);
	json_u64_known(row, "threads_hit", is_pause ? stall->pause.threads_hit : 0, is_pause);
}

static void add_delayed(cJSON *row, const struct stall *stall)
{
	cJSON *array = json_array(row, "delayed");

	for (uint32_t i = 0; i < MIN(stall->delayed_count, (uint32_t)DELAYED_MAX); i++) {
		const struct delayed *delayed = &stall->delayed[i];
		cJSON *object = json_row(array);

		add_pid(object, "pid", delayed->pid);
		add_pid(object, "tid", delayed->tid);
		json_name(object, "comm", delayed->comm, strnlen(delayed->comm, COMM_BYTES));
		json_u64(object, "late_ns", delayed->late_ns);
		json_u64(object, "steps", delayed->steps);
	}
	json_u64(row, "delayed_count", stall->delayed_count);
}

void rows_stalls(cJSON *report, const struct model *model, uint64_t start_ns)
{
	cJSON *array = json_array(report, "stalls");
	size_t count;
	_cleanup_free_ struct stall **stalls = model_stalls(model, &count);

	for (size_t i = 0; i < count; i++) {
		const struct stall *stall = stalls[i];
		const struct image *image = stall->image;
		cJSON *row = json_row(array);

		json_text(row, "kind", kind_catalog[stall->kind].name);
		json_u64(row, "start_ns", rows_offset(stall->start_ns, start_ns));
		json_u64(row, "duration_ns", stall->duration_ns);
		add_pid(row, "pid", stall->id.pid);
		add_pid(row, "tid", stall->id.tid);
		json_comm(row, "comm", stall->comm);
		json_name(row, "exe", image ? image->exe.data : NULL, image ? image->exe.size : 0);
		add_command_line(row, image);
		json_u64(row, "cpu", stall->cpu);
		spans_add_owner(row, stall);
		json_text(row, "cause", cause_catalog[stall->cause].name);
		add_shares(row, stall);
		json_bool(row, "finished", stall->finished);
		add_wait(row, stall);
		add_call(row, stall);
		add_pause(row, stall);
		add_delayed(row, stall);
	}
}

/* -- Processes ------------------------------------------------------------------------------------- */

void rows_wait_stats(cJSON *object, const struct wait_stats *waits)
{
	json_u64(object, "count", waits->count);
	json_u64(object, "total_ns", waits->total_ns);
	json_u64(object, "delivery_ns", waits->delivery_ns);
	json_u64(object, "queue_ns", waits->total_ns - waits->delivery_ns);
	json_u64(object, "max_ns", waits->max_ns);
	json_histogram(object, "histogram", &waits->histogram);
}

static void add_io(cJSON *row, const struct io_totals *totals)
{
	cJSON *io = json_object(row, "io");

	json_u64(io, "count", totals->count);
	json_u64(io, "total_ns", totals->total_ns);
	json_u64(io, "max_ns", totals->max_ns);
	json_u64(io, "bytes_read", totals->bytes_read);
	json_u64(io, "bytes_written", totals->bytes_written);
	json_u64(io, "errors", totals->errors);
}

static void add_process(cJSON *array, const struct process *process, uint64_t start_ns)
{
	const struct image *image = process->image;
	cJSON *row = json_row(array), *cpu;
	uint64_t user_ns, system_ns;
	struct accounts accounts;

	process_accounts(process, &accounts);
	accounts_cpu_time(&accounts, &user_ns, &system_ns);
	add_pid(row, "pid", process->pid);
	json_u64(row, "host_pid", process->host_pid);
	add_pid(row, "ppid", process->ppid);
	json_comm(row, "comm", process->comm);
	json_name_hex(row, "exe", image ? image->exe.data : NULL, image ? image->exe.size : 0);
	json_argv(row, "argv", image ? image->argv.data : NULL, image ? image->argv.size : 0);
	json_bool(row, "argv_truncated", image && image->argv_truncated);
	json_u64(row, "start_ns", rows_offset(process->start_ns, start_ns));
	json_u64_known(row, "end_ns", rows_offset(process->end_ns, start_ns), process->end_ns != 0);
	json_u64_known(row, "left_ns", rows_offset(process->left_ns, start_ns),
		       process->left_ns != 0);
	json_u64_known(row, "exit_code", process->exit_code,
		       process->end_ns && process->has_exit && !process->exit_signal);
	json_u64_known(row, "signal", process->exit_signal,
		       process->end_ns && process->exit_signal);
	json_u64(row, "threads",
		 MAX(process->threads, 1u)); /* its start may be lost, or not read yet */
	json_u64(row, "stalls", process->stalls);
	cpu = json_object(row, "cpu");
	rows_wait_stats(cpu, &accounts.waits);
	json_u64(cpu, "run_delay_ns", accounts.run_delay_ns);
	add_io(row, &accounts.io);
	json_u64(row, "reclaim_ns", accounts.reclaim_ns);
	json_u64(row, "compaction_ns", accounts.compaction_ns);
	json_u64(row, "swap_ns", process->swap_ns);
	json_u64(row, "user_ns", user_ns);
	json_u64(row, "system_ns", system_ns);
}

void rows_processes(cJSON *report, const struct model *model, uint64_t start_ns)
{
	cJSON *array = json_array(report, "processes");
	size_t count;
	_cleanup_free_ struct process **processes = model_processes(model, &count);

	for (size_t i = 0; i < count; i++)
		add_process(array, processes[i], start_ns);
}

/* -- Files, commands, operations ------------------------------------------------------------------- */

void rows_files(cJSON *report, const struct model *model)
{
	cJSON *array = json_array(report, "files");
	size_t count;
	_cleanup_free_ struct file_row **files = model_files(model, &count);

	for (size_t i = 0; i < MIN(count, model->limits.files); i++) {
		const struct file_totals *totals = &files[i]->totals;
		cJSON *row = json_row(array);

		json_name_hex(row, "path", files[i]->path.data, files[i]->path.size);
		json_bool(row, "path_deleted", files[i]->deleted);
		json_u64(row, "opens", totals->opens);
		json_u64(row, "reads", totals->reads);
		json_u64(row, "writes", totals->writes);
		json_u64(row, "syncs", totals->syncs);
		json_u64(row, "bytes_read", totals->bytes_read);
		json_u64(row, "bytes_written", totals->bytes_written);
		json_u64(row, "errors", totals->errors);
		json_u64(row, "total_ns", totals->total_ns);
		json_u64(row, "max_ns", totals->max_ns);
	}
}

void rows_commands(cJSON *report, const struct model *model)
{
	cJSON *array = json_array(report, "commands");
	uint64_t left_out;
	size_t count;
	_cleanup_free_ struct command *commands = model_commands(model, &count, &left_out);

	for (size_t i = 0; i < count; i++) {
		cJSON *row = json_row(array);

		json_name(row, "comm", commands[i].comm, strnlen(commands[i].comm, COMM_BYTES));
		json_u64(row, "processes", commands[i].processes);
		rows_wait_stats(json_object(row, "waits"), &commands[i].waits);
	}
}

void rows_operations(cJSON *report, const struct model *model)
{
	cJSON *array = json_array(report, "operations");
	size_t count;
	_cleanup_free_ struct call_row *calls = model_calls(model, &count);

	for (size_t i = 0; i < count; i++) {
		const struct call_info *info = call_find(calls[i].number);
		cJSON *row = json_row(array);

		json_text(row, "operation", info ? info->name : "unknown");
		json_u64(row, "count", calls[i].totals.count);
		json_u64(row, "total_ns", calls[i].totals.total_ns);
		json_u64(row, "max_ns", calls[i].totals.max_ns);
		json_u64(row, "errors", calls[i].totals.errors);
		json_u64(row, "bytes", calls[i].totals.bytes);
	}
}
