/* The sums over the stalls of one span: counts, stalled time, causes, culprits. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "catalog/words.h"
#include "model/model.h"
#include "spans/lineage.h"
#include "spans/span.h"

#define SPAN_CULPRITS  4
#define SPAN_INTERVALS 32

struct span_culprit {
	uint32_t host_pid;
	char comm[COMM_BYTES];
	enum culprit_where where;
	uint64_t ns;
};

struct span_interval {
	uint64_t start_ns, end_ns;
};

/* The stalls of a span and of the spans below it. */
struct span_stalls {
	uint64_t count[STALL_KINDS];
	uint64_t kind_total_ns[STALL_KINDS], kind_max_ns[STALL_KINDS];
	uint64_t max_ns;
	uint64_t cause_ns[CAUSES];
	struct span_culprit culprits[SPAN_CULPRITS]; /* the largest sums; ns 0: free */
	/* The stalled times: disjoint, in order. covered_ns sums up those without room, which ended before floor_ns. */
	struct span_interval intervals[SPAN_INTERVALS + 1];
	unsigned interval_count;
	uint64_t covered_ns, floor_ns;
};

/* A share of a stall; at most two years long. */
struct span_share {
	uint64_t cause : 8, ns : 56;
};

/* A queued stall: small, as there may be many. */
struct span_stall {
	struct stall *stall; /* NULL once it was dropped */
	struct lineage *process; /* owned reference; NULL: unknown process */
	uint64_t start_ns, end_ns;
	uint32_t tid;
	uint8_t kind, culprit_count, share_count;
	struct span_share shares[]; /* followed by the culprits: culprits_of() */
};

/* Takes ownership of the caller's reference to process. */
struct span_stall *span_stall_new(struct stall *stall, struct lineage *process);
void span_stall_free(struct lineage_table *table, struct span_stall *stall);
void span_add_stall(struct span *span, const struct span_stall *stall);

/* The time in which at least one of its threads was stalled. */
uint64_t span_stalled_ns(const struct span *span);
enum cause span_cause(const struct span *span); /* CAUSE_UNKNOWN also without stalls */
const struct span_culprit *span_culprit(const struct span *span); /* NULL: unknown */
