/* The tree of processes: finds a process and its ancestors by PID and time, until no message of it can arrive any more. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct printed;
struct span;

/*
 * Spans in order of arrival, the last at the end. An array instead of links in the spans: messages in any order cannot
 * make a circle.
 */
struct span_list {
	struct span_entry {
		struct span *span;
		uint32_t tid; /* copy of the span's tid, for a fast search */
	} * entries; /* owned */
	size_t count, capacity;
};

/*
 * One process. It stays until the sweep over the run's events (span_sweep.c) has passed its end, because its stalls and
 * messages arrive late; then its children belong to its parent.
 */
struct lineage {
	unsigned references;
	uint32_t host_pid; /* 0: known only as the sender of a message */
	uint32_t pid; /* in the caller's PID namespace; 0: not visible there */
	struct lineage *parent; /* owned reference; read it by lineage_parent() */
	uint64_t start_ns, end_ns; /* end 0: alive */
	uint64_t program_ns; /* when it executed its program; 0: the creator's program */
	uint64_t cpu_ns; /* CPU time, set at its end */
	uint32_t uid; /* last UID, set at its end */
	bool failed; /* a signal ended it, or its exit code is not 0 */
	bool has_reports; /* its runner, or a process below it, tells of tests: what it prints is a repetition */
	bool is_driver; /* the driver of a test, announced by its own arguments */
	bool is_final; /* the sweep has passed its end */
	struct span *planned; /* owned reference: the span that ends with the process; NULL: none */
	struct printed *printed; /* owned: what its program prints; NULL: no results of tests */
	struct span_list open, paused; /* at the current time of the sweep: span_open() */
	struct lineage *next_by_host, *next_by_pid;
};

#define LINEAGE_BUCKETS 4096

struct lineage_table {
	struct lineage *by_host[LINEAGE_BUCKETS], *by_pid[LINEAGE_BUCKETS];
};

/* The first record of a process. ppid (in the caller's PID namespace, 0: unknown) holds until a fork gives the creator. */
void lineage_started(struct lineage_table *table, uint32_t host_pid, uint32_t pid, uint32_t ppid,
		     uint64_t start_ns);
void lineage_forked(struct lineage_table *table, uint32_t host_pid, uint32_t creator_host_pid,
		    uint64_t time_ns);
/* NULL if the process is unknown. */
struct lineage *lineage_ended(struct lineage_table *table, uint32_t host_pid, uint64_t end_ns,
			      bool failed);
/* The sweep has passed the end of the process: no stall or message of it can arrive any more. */
void lineage_finalize(struct lineage_table *table, struct lineage *process);

/* Whether a traced process with this PID (in the caller's PID namespace) lives, or ended, but the sweep is not there yet. */
bool lineage_has_traced(const struct lineage_table *table, uint32_t pid);

/* The process that had this PID at time_ns; NULL: unknown. */
struct lineage *lineage_of_host(const struct lineage_table *table, uint32_t host_pid,
				uint64_t time_ns);
/*
 * The same by the PID in the caller's namespace. Adds an entry for a process that was never traced, which lasts as long as
 * its references. The caller owns a reference.
 */
struct lineage *lineage_of_sender(struct lineage_table *table, uint32_t pid, uint64_t time_ns);

/* Whether a process of the run had this PID at time_ns, or was the last to have it; if it has ended, its UID must match. */
bool lineage_is_traced(const struct lineage_table *table, uint32_t pid, uint32_t uid,
		       uint64_t time_ns);

/* The nearest ancestor that is not final. */
struct lineage *lineage_parent(struct lineage_table *table, struct lineage *process);

struct lineage *lineage_ref(struct lineage *process); /* process may be NULL */
void lineage_unref(struct lineage_table *table, struct lineage *process);
void lineage_free(struct lineage_table *table);
