/* Records as the BPF side sends them, each given to a model in one call */
#pragma once

#include <string.h>

#include "abi.h"
#include "base/util.h"
#include "spans/span_observer.h"
#include "model/model.h"
#include "model/record.h"

#define MS UINT64_C(1000000)

static inline struct model *model_with(size_t stalls, size_t processes, size_t files,
				       size_t commands)
{
	const struct model_limits limits = {stalls, processes, files, commands};

	struct model *model = model_new(&limits, 5 * MS, 10 * MS, NULL);

	spans_observe(model);
	return model;
}

static inline struct task_id task_of(uint32_t pid, uint32_t tid)
{
	return (struct task_id){.pid = pid, .tid = tid, .host_pid = pid, .host_tid = tid};
}

static inline void set_comm(char comm[COMM_BYTES], const char *name)
{
	memset(comm, 0, COMM_BYTES);
	memcpy(comm, name, MIN(strlen(name), (size_t)COMM_BYTES));
}

static inline void start_at(struct model *model, uint64_t time_ns, uint32_t pid, uint32_t tid,
			    uint32_t creator, const char *comm)
{
	struct record_start record = {
		.header = {.type = RECORD_THREAD_START, .time_ns = time_ns},
		.id = task_of(pid, tid),
		.ppid = creator,
		.creator_host_pid = creator,
	};

	set_comm(record.comm, comm);
	model_record(model, &record, sizeof(record));
}

/* argv and walk as in abi.h; sizes without the NUL of the literal */
#define exec_at(model, time_ns, pid, comm, argv, walk) \
	exec_bytes(model, time_ns, pid, comm, argv, sizeof(argv) - 1, walk, sizeof(walk) - 1)

static inline void exec_bytes(struct model *model, uint64_t time_ns, uint32_t pid, const char *comm,
			      const char *argv, size_t argv_bytes, const char *walk,
			      size_t walk_bytes)
{
	size_t bytes = sizeof(struct record_exec) + argv_bytes + walk_bytes;
	struct record_exec *record = xcalloc(1, bytes);

	record->header = (struct record_header){.type = RECORD_EXEC, .time_ns = time_ns};
	record->id = task_of(pid, pid);
	record->argv_bytes = (u32)argv_bytes;
	record->exe_walk_bytes = (u32)walk_bytes;
	set_comm(record->comm, comm);
	memcpy(record->data, argv, argv_bytes);
	memcpy(record->data + argv_bytes, walk, walk_bytes);
	model_record(model, record, bytes);
	free(record);
}

static inline struct record_thread thread_of(uint64_t time_ns, uint32_t pid, uint32_t tid,
					     const char *comm, uint64_t wait_ns)
{
	struct record_thread record = {
		.header = {.type = RECORD_THREAD_END, .time_ns = time_ns},
		.id = task_of(pid, tid),
		.is_leader = pid == tid,
		.waits = {.count = wait_ns != 0, .total_ns = wait_ns, .max_ns = wait_ns},
	};

	set_comm(record.comm, comm);
	record.waits.histogram[hist_log2_bucket(wait_ns)] += wait_ns != 0;
	return record;
}

static inline void end_at(struct model *model, uint64_t time_ns, uint32_t pid, uint32_t tid,
			  const char *comm, uint64_t wait_ns)
{
	struct record_thread record = thread_of(time_ns, pid, tid, comm, wait_ns);

	model_record(model, &record, sizeof(record));
}

static inline void alive_at(struct model *model, uint64_t time_ns, uint64_t start_ns, uint32_t pid,
			    uint32_t tid, const char *comm, uint64_t wait_ns)
{
	struct record_thread record = thread_of(time_ns, pid, tid, comm, wait_ns);

	record.header.type = RECORD_THREAD_LIVE;
	record.start_ns = start_ns;
	model_record(model, &record, sizeof(record));
}

static inline void cpu_stall_at(struct model *model, uint64_t start_ns, uint64_t end_ns,
				uint32_t pid)
{
	struct record_cpu_stall record = {
		.header = {.type = RECORD_CPU_STALL, .time_ns = end_ns},
		.id = task_of(pid, pid),
		.start_ns = start_ns,
		.woken_ns = start_ns,
	};

	model_record(model, &record, sizeof(record));
}

static inline void io_stall_at(struct model *model, uint64_t start_ns, uint64_t end_ns,
			       uint32_t pid, uint32_t number)
{
	struct record_io_stall record = {
		.header = {.type = RECORD_IO_STALL, .time_ns = end_ns},
		.id = task_of(pid, pid),
		.start_ns = start_ns,
		.duration_ns = end_ns - start_ns,
		.number = number,
	};

	model_record(model, &record, sizeof(record));
}
