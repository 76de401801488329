/* The history of each thread off its CPU (when, how long, who woke it), in bounded memory, for spans/account.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "model/cause.h"

/*
 * Each thread has a list of disjoint entries in order of time. Between two entries, and after the last one, the thread
 * ran. When the memory is full, the floor rises: entries shorter than the floor are merged into sums, the old entries
 * first. A sum keeps the total time, but no longer says when within the sum it was. If that does not help, threads that
 * ended long ago are forgotten.
 */

enum off_cpu_kind {
	OFF_CPU_ONE, /* the thread was off the CPU once: asleep first, then waiting until the end */
	OFF_CPU_SUM, /* the thread mostly ran; the entry sums up short times off the CPU */
	OFF_CPU_LOST, /* a record is missing: what the thread did is unknown */
};

#define OFF_CPU_SHARE_WHOLE 65535
/* The part of the whole, out of OFF_CPU_SHARE_WHOLE; 0 of nothing. */
uint16_t off_cpu_share(uint64_t part_ns, uint64_t whole_ns);

struct off_cpu {
	uint64_t from_ns, until_ns;
	uint64_t asleep_ns, wait_ns; /* ONE: they sum to until_ns - from_ns; SUM: to at most that */
	uint32_t waker_host_tid; /* 0: no thread; SUM: the waker of the longest sleep */
	uint16_t shares[WAIT_CLASSES]; /* parts of wait_ns; they sum to OFF_CPU_SHARE_WHOLE */
	uint16_t culprit; /* see off_cpu_culprit() */
	uint16_t culprit_share; /* part of wait_ns, out of OFF_CPU_SHARE_WHOLE */
	int16_t call; /* the system call that the thread slept in; -1: none or unknown */
	uint8_t how, flags; /* enum wake_how, enum off_cpu_flags */
	uint8_t kind;
};

/* The sleeps within one stalled file operation: their cause, and who mostly kept the device busy or had the lock meanwhile. */
struct off_cpu_block {
	uint64_t from_ns, until_ns;
	enum cause cause;
	uint16_t culprit; /* see off_cpu_culprit() */
	uint16_t culprit_share; /* part of the sleeps, out of OFF_CPU_SHARE_WHOLE */
};

struct off_cpu_thread {
	uint32_t host_tid, host_pid;
	uint32_t tid; /* in the caller's PID namespace; 0: unknown */
	uint32_t creator_host_tid; /* 0: unknown */
	char comm[COMM_BYTES];
	bool outside; /* not a thread of the run: a service, or a waker without records */
	bool kernel; /* a kernel thread */
	bool has_records; /* false: only its name is known, as a waker */
	uint64_t start_ns; /* 0: unknown */
	uint64_t end_ns; /* 0: alive or unknown */
	uint64_t followed_from_ns; /* the records start here */
	struct off_cpu *list; /* owned */
	uint32_t count, capacity;
	struct off_cpu_block *blocks; /* owned, in order of their ends */
	uint32_t block_count, block_capacity;
	struct off_cpu_thread *next; /* in the hash bucket, the latest thread first */
};

struct off_cpu_table;

/* bytes: the memory for all threads and their entries. */
struct off_cpu_table *off_cpu_new(size_t bytes);
void off_cpu_free(struct off_cpu_table *table); /* table may be NULL */

void off_cpu_started(struct off_cpu_table *table, const struct record_start *record);
void off_cpu_ended(struct off_cpu_table *table, uint32_t host_tid, uint64_t end_ns);
/* The caller has checked the record's size. Returns false if the record's times contradict each other. */
bool off_cpu_record(struct off_cpu_table *table, const struct record_off_cpu *record);
/* At now_ns the thread is still off its CPU, since from_ns; woken_ns is 0 while it sleeps. */
void off_cpu_goes_on(struct off_cpu_table *table, uint32_t host_tid, uint64_t from_ns,
		     uint64_t woken_ns, uint64_t now_ns);
/* culprit->ns 0: nobody is known. The caller sets block->culprit_share, but not block->culprit. */
void off_cpu_blocked(struct off_cpu_table *table, uint32_t host_tid, struct off_cpu_block block,
		     const struct off_cpu_culprit *culprit);

/* The thread that had this ID at time_ns; NULL: unknown. */
const struct off_cpu_thread *off_cpu_thread(const struct off_cpu_table *table, uint32_t host_tid,
					    uint64_t time_ns);
/*
 * A thread of a process that is alive at time_ns. With tid (in the caller's PID namespace), the thread with that ID. With
 * tid 0, a thread that runs at time_ns: the main thread if it runs, else the one that got its CPU last. Returns the main
 * thread if none fits; NULL if that is unknown.
 */
const struct off_cpu_thread *off_cpu_thread_of(const struct off_cpu_table *table, uint32_t host_pid,
					       uint32_t tid, uint64_t time_ns);
/* The thread after `previous` in no order; the first one for NULL. NULL: no more. */
const struct off_cpu_thread *off_cpu_next(const struct off_cpu_table *table,
					  const struct off_cpu_thread *previous);
/* The first thread of the run with this ID in the caller's PID namespace that had it after time_ns; NULL: unknown. */
const struct off_cpu_thread *off_cpu_thread_seen_as(const struct off_cpu_table *table, uint32_t tid,
						    uint64_t time_ns);
/* The culprit of an entry or a block; NULL: it has none. */
const struct off_cpu_culprit *off_cpu_culprit(const struct off_cpu_table *table, uint16_t culprit);
/* The index of the first entry that ends after time_ns; thread->count if there is none. */
uint32_t off_cpu_find(const struct off_cpu_thread *thread, uint64_t time_ns);
/* The stalled file operation that covers time_ns; NULL: none. */
const struct off_cpu_block *off_cpu_block_at(const struct off_cpu_thread *thread, uint64_t time_ns);

/* From from_ns on, entries shorter than this may be merged into sums; 0: none. */
uint64_t off_cpu_floor_ns(const struct off_cpu_table *table, uint64_t from_ns);
/* Threads that ended before this may be forgotten; 0: none. */
uint64_t off_cpu_forgotten_ns(const struct off_cpu_table *table);
/* The number of threads and entries refused because the memory was full. */
uint64_t off_cpu_refused(const struct off_cpu_table *table);
