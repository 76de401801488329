/* When threads were off their CPUs, for how long and who woke them: kept in bounded memory, for the walk of account.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "model/cause.h"

/*
 * Each thread has a list of disjoint entries in the order of time. Between two entries, and after the last one, the
 * thread ran. When the memory is used up, the floor rises: entries below the floor are merged into sums, the old
 * entries first. A sum keeps all nanoseconds, but spreads them evenly over its time.
 */

enum off_cpu_kind {
	OFF_CPU_ONE, /* one time off the CPU: asleep first, then waiting until the end */
	OFF_CPU_SUM, /* mostly running; short times off the CPU are summed up */
	OFF_CPU_LOST, /* no record tells what the thread did */
};

#define OFF_CPU_SHARE_WHOLE 65535

struct off_cpu {
	uint64_t from_ns, until_ns;
	uint64_t asleep_ns,
		wait_ns; /* of ONE: until_ns - from_ns together; of SUM: at most so much */
	uint32_t waker_host_tid; /* 0: no thread; of SUM: of the longest sleep */
	uint16_t shares[WAIT_CLASSES]; /* of wait_ns, out of OFF_CPU_SHARE_WHOLE all together */
	uint16_t culprit; /* off_cpu_culprit() */
	uint16_t culprit_share; /* of wait_ns */
	int16_t call; /* system call that it slept in; -1: none, or not known */
	uint8_t how, flags; /* enum wake_how, enum off_cpu_flags */
	uint8_t kind;
};

/* A stall in a file system call or page fault: what the sleeps within it waited for. */
struct off_cpu_block {
	uint64_t from_ns, until_ns;
	enum cause cause;
};

struct off_cpu_thread {
	uint32_t host_tid, host_pid;
	uint32_t tid; /* as the caller's PID namespace sees it; 0: not known */
	uint32_t creator_host_tid; /* 0: not known */
	char comm[COMM_BYTES];
	bool outside; /* not of the run: a service, or only known as a waker */
	bool kernel; /* a kernel thread */
	bool has_records; /* false: known by its name only */
	uint64_t start_ns; /* 0: not known */
	uint64_t end_ns; /* 0: alive, or not known */
	uint64_t followed_from_ns; /* nothing earlier is known of it */
	struct off_cpu *list; /* owned */
	uint32_t count, capacity;
	struct off_cpu_block *blocks; /* owned, in the order of their ends */
	uint32_t block_count, block_capacity;
	struct off_cpu_thread *next; /* in its bucket, the latest first */
};

struct off_cpu_table;

/* bytes: for all entries together. */
struct off_cpu_table *off_cpu_new(size_t bytes);
void off_cpu_free(struct off_cpu_table *table); /* NULL is fine */

void off_cpu_started(struct off_cpu_table *table, const struct record_start *record);
void off_cpu_ended(struct off_cpu_table *table, uint32_t host_tid, uint64_t end_ns);
/* A thread took another's number over: exec from another thread than the leader. */
void off_cpu_renamed(struct off_cpu_table *table, uint32_t host_tid, const char *comm);
/* record is whole; false: its times contradict each other. */
bool off_cpu_record(struct off_cpu_table *table, const struct record_off_cpu *record);
/* The thread is still off its CPU, since from_ns, at now_ns; woken_ns 0: asleep. */
void off_cpu_goes_on(struct off_cpu_table *table, uint32_t host_tid, uint64_t from_ns,
		     uint64_t woken_ns, uint64_t now_ns);
void off_cpu_blocked(struct off_cpu_table *table, uint32_t host_tid, uint64_t from_ns,
		     uint64_t until_ns, enum cause cause);

/* Who had that number then; NULL: nobody known. */
const struct off_cpu_thread *off_cpu_thread(const struct off_cpu_table *table, uint32_t host_tid,
					    uint64_t time_ns);
/* Of a process, the thread with that visible number, or that which ran at time_ns: the main thread if it did. */
const struct off_cpu_thread *off_cpu_thread_of(const struct off_cpu_table *table, uint32_t host_pid,
					       uint32_t tid, uint64_t time_ns);
/* NULL: nobody. */
const struct off_cpu_culprit *off_cpu_culprit(const struct off_cpu_table *table,
					      const struct off_cpu *entry);
/* The first entry of the thread that ends after time_ns; its count if there is none. */
uint32_t off_cpu_find(const struct off_cpu_thread *thread, uint64_t time_ns);
/* What a sleep then in a file system call or page fault waited for; CAUSE_UNKNOWN: no stall tells. */
enum cause off_cpu_block_cause(const struct off_cpu_thread *thread, uint64_t time_ns);

/* What is shorter may be summed up: of entries before *ret_old_until_ns, below *ret_old_ns. */
uint64_t off_cpu_floor_ns(const struct off_cpu_table *table);
/* Threads that found no room. */
uint64_t off_cpu_refused(const struct off_cpu_table *table);
