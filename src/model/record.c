/* The entry of records into the model: checks each record and passes it to its table. */
#include "model/record.h"

#include <stdlib.h>

#include "base/util.h"
#include "model/device.h"
#include "model/included.h"
#include "model/lock.h"
#include "model/off_cpu.h"
#include "model/process.h"
#include "model/stall.h"
#include "model/table.h"

#define OFF_CPU_BYTES \
	(5u << 20) /* some eighty thousand times off the CPU; older ones are summed up */
#define ALIVE_BUCKETS 1024 /* grows with the number of live processes */

struct model *model_new(const struct model_limits *limits, uint64_t cpu_threshold_ns,
			uint64_t io_threshold_ns, const struct model_resolvers *resolvers)
{
	struct model *model = xcalloc(1, sizeof(*model));

	model->limits = *limits;
	model->cpu_threshold_ns = cpu_threshold_ns;
	model->io_threshold_ns = io_threshold_ns;
	model->measures_cpu = model->measures_io = true;
	if (resolvers)
		model->resolvers = *resolvers;
	model->alive_buckets = ALIVE_BUCKETS;
	model->alive = xcalloc(model->alive_buckets, sizeof(*model->alive));
	model->off_cpu = off_cpu_new(OFF_CPU_BYTES);
	return model;
}

void model_free(struct model *model)
{
	/* Stalls refer to spans and processes, and processes to images. */
	stalls_free(model);
	if (model->observer)
		model->observer->done(model);
	processes_free(model);
	tables_free(model);
	device_uses_free(model);
	off_cpu_free(model->off_cpu);
	free(model->lock_sleeps);
	included_free(model);
	free(model);
}

/* -- Records ------------------------------------------------------------------------------------- */

static bool is_whole_cpu_stall(const struct record_cpu_stall *record, size_t bytes)
{
	uint64_t claimed = 0;

	if (bytes < sizeof(*record) || record->queue_count > QUEUES_MAX ||
	    record->slice_count > SLICES_MAX)
		return false;
	for (uint32_t i = 0; i < record->queue_count; i++)
		claimed += record->queues[i].slices;
	return claimed <= record->slice_count && record->start_ns <= record->woken_ns &&
	       record->woken_ns <= record->header.time_ns &&
	       bytes >= sizeof(*record) + record->slice_count * sizeof(struct slice);
}

bool record_is_whole_call(const struct record_io_stall *record, size_t bytes)
{
	uint64_t variable;

	if (bytes < sizeof(*record) || record->argv_bytes > ARGV_MAX_BYTES)
		return false;
	variable = record->argv_bytes;
	for (unsigned i = 0; i < ARRAY_SIZE(record->path); i++)
		variable += record->path[i].string_bytes + record->path[i].walk_bytes;
	return bytes >= sizeof(*record) + variable;
}

static bool is_whole_exec(const struct record_exec *record, size_t bytes)
{
	return bytes >= sizeof(*record) && record->argv_bytes <= ARGV_MAX_BYTES &&
	       bytes >= sizeof(*record) + (size_t)record->argv_bytes + record->exe_walk_bytes;
}

static bool is_whole_environment(const struct record_environment *record, size_t bytes)
{
	return bytes >= sizeof(*record) && bytes >= sizeof(*record) + (size_t)record->data_bytes;
}

static bool is_whole_file(const struct record_file *record, size_t bytes)
{
	return bytes >= sizeof(*record) && bytes >= sizeof(*record) + (size_t)record->walk_bytes;
}

static bool is_whole_hiccup(const struct record_hiccup *record, size_t bytes)
{
	return bytes >= sizeof(*record) && record->start_ns <= record->header.time_ns &&
	       record->steal_ns <= record->header.time_ns - record->start_ns;
}

/*
 * The wait and the call that a thread was in when it ended or left count as stalls of its process, which must still be alive.
 * A thread that the final snapshot has seen alive does not count again.
 */
static void take_thread(struct model *model, const struct record_thread *record)
{
	bool was_counted = thread_was_counted(model, record);

	switch (record->header.type) {
	case RECORD_THREAD_LIVE:
		thread_alive(model, record);
		if (model->snapshot_final)
			stall_unfinished(model, record);
		break;
	case RECORD_THREAD_LEFT:
		if (!was_counted && process_find(model, record->id.host_pid))
			stall_unfinished(model, record);
		thread_left(model, record);
		break;
	default:
		if (!was_counted)
			stall_unfinished(model, record);
		thread_ended(model, record);
	}
}

static bool take_environment(struct model *model, const struct record_environment *record,
			     size_t bytes)
{
	if (!is_whole_environment(record, bytes))
		return false;
	if (model->observer)
		model->observer->process_environment(model, record);
	return true;
}

static bool take_results(struct model *model, const struct record_results *record, size_t bytes)
{
	if (bytes < sizeof(*record) || bytes < sizeof(*record) + (size_t)record->data_bytes)
		return false;
	if (model->observer)
		model->observer->process_printed(model, record);
	return true;
}

static bool take_off_cpu(struct model *model, const struct record_off_cpu *record)
{
	if (!off_cpu_record(model->off_cpu, record))
		return false;
	lock_slept(model, record);
	return true;
}

/* Records that are checked by who takes them. */
static bool dispatch_checked(struct model *model, const void *record, size_t bytes)
{
	const struct record_header *header = record;

	switch (header->type) {
	case RECORD_OFF_CPU:
		return bytes >= sizeof(struct record_off_cpu) && take_off_cpu(model, record);
	case RECORD_DEVICE_USES:
		return device_uses_record(model, record, bytes);
	case RECORD_INCLUDED:
		return included_record(model, record, bytes);
	case RECORD_RESULTS:
		return take_results(model, record, bytes);
	default:
		return false;
	}
}

static bool dispatch(struct model *model, const void *record, size_t bytes)
{
	const struct record_header *header = record;

	switch (header->type) {
	case RECORD_THREAD_START:
		if (bytes < sizeof(struct record_start))
			return false;
		thread_started(model, record);
		return true;
	case RECORD_EXEC:
		if (!is_whole_exec(record, bytes))
			return false;
		process_executed(model, record);
		return true;
	case RECORD_ENVIRONMENT:
		return take_environment(model, record, bytes);
	case RECORD_THREAD_END:
	case RECORD_THREAD_LIVE:
	case RECORD_THREAD_LEFT:
		if (bytes < sizeof(struct record_thread))
			return false;
		take_thread(model, record);
		return true;
	case RECORD_CPU_STALL:
		if (!is_whole_cpu_stall(record, bytes))
			return false;
		cpu_stalled(model, record);
		return true;
	case RECORD_IO_STALL:
		if (!record_is_whole_call(record, bytes))
			return false;
		io_stalled(model, record);
		return true;
	case RECORD_FILE:
		if (!is_whole_file(record, bytes))
			return false;
		file_named(model, record);
		return true;
	case RECORD_HICCUP:
		if (!is_whole_hiccup(record, bytes))
			return false;
		cpu_hiccup(model, record);
		return true;
	case RECORD_DELAYED:
		if (bytes < sizeof(struct record_delayed))
			return false;
		thread_delayed(model, record);
		return true;
	case RECORD_MOVED:
		model->moved++;
		return true;
	default:
		return dispatch_checked(model, record, bytes);
	}
}

void model_record(struct model *model, const void *record, size_t bytes)
{
	if (bytes < sizeof(struct record_header) || !dispatch(model, record, bytes))
		model->bad_records++;
}

void model_snapshot_begin(struct model *model, bool final)
{
	model->snapshot_final = final;
	if (final)
		hiccups_judge(model, UINT64_MAX);
	model->live = (struct thread_sums){0};
	processes_forget_live(model);
}
