/* Who descends from whom: processes by PID and time, for as long as something may be told of them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span;

/*
 * Spans in the order in which they came, the last at the end. An array and not links in the spans: in whatever order
 * messages come, there is no circle to go round in.
 */
struct span_list {
	struct span_entry {
		struct span *span;
		uint32_t tid; /* the span's own, here for the search */
	} * entries; /* owned */
	size_t count, capacity;
};

/*
 * One process. It outlives its end until the sweep over the run's events (span_sweep.c) has passed
 * it, because stalls and messages of it arrive late; after that its children are its parent's.
 */
struct lineage {
	unsigned references;
	uint32_t host_pid; /* 0: known only from a message of it */
	uint32_t pid; /* as the caller's PID namespace sees it; 0: not visible there */
	struct lineage *parent; /* owned reference; read it by lineage_parent() */
	uint64_t start_ns, end_ns; /* end 0: alive */
	uint64_t cpu_ns; /* that it used, once it has ended */
	uint32_t uid; /* the last one, once it has ended */
	bool failed; /* ended by a signal, or with a code other than 0 */
	bool is_driver; /* of a test that was announced by its arguments */
	bool settled; /* the sweep has passed its end */
	struct span *planned; /* owned reference: a span that ends with it; NULL: none */
	struct span_list open, paused; /* of this process, where the sweep is: span_open.c */
	struct lineage *next_by_host, *next_by_pid;
};

#define LINEAGE_BUCKETS 4096

struct lineage_table {
	struct lineage *by_host[LINEAGE_BUCKETS], *by_pid[LINEAGE_BUCKETS];
};

/* A process was seen for the first time. ppid (visible, 0: unknown) serves until a fork tells more. */
void lineage_started(struct lineage_table *table, uint32_t host_pid, uint32_t pid, uint32_t ppid,
		     uint64_t start_ns);
void lineage_forked(struct lineage_table *table, uint32_t host_pid, uint32_t creator_host_pid,
		    uint64_t time_ns);
/* NULL if it was never seen. */
struct lineage *lineage_ended(struct lineage_table *table, uint32_t host_pid, uint64_t end_ns,
			      bool failed);
/* The sweep has passed its end: nothing more can be told of it. */
void lineage_settle(struct lineage_table *table, struct lineage *process);

/* Whether a process of that visible PID was traced, and may still be told of: it can have ended just now. */
bool lineage_has_traced(const struct lineage_table *table, uint32_t pid);

/* Who had that PID then; NULL: nobody known. */
struct lineage *lineage_of_host(const struct lineage_table *table, uint32_t host_pid,
				uint64_t time_ns);
/* The same by the visible PID; one that was never traced is made up, and lasts as long as referenced.
 * The caller gets a reference. */
struct lineage *lineage_of_sender(struct lineage_table *table, uint32_t pid, uint64_t time_ns);

/* Whether a process of the run had the visible PID then, or last; once it has ended, only with the UID it had. */
bool lineage_is_traced(const struct lineage_table *table, uint32_t pid, uint32_t uid,
		       uint64_t time_ns);

/* The nearest ancestor that the sweep has not passed. */
struct lineage *lineage_parent(struct lineage_table *table, struct lineage *process);

struct lineage *lineage_ref(struct lineage *process); /* NULL is fine */
void lineage_unref(struct lineage_table *table, struct lineage *process);
void lineage_free(struct lineage_table *table);
