/* Gates, the user's limits on stalls ("cpu.max<100ms", "io.count<=10"): parses and evaluates them */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "catalog/causes.h"
#include "catalog/kinds.h"

/* The stalls that a gate tests: those of one enum stall_kind, or: */
enum {
	GATE_ANY = STALL_KINDS, /* of all kinds together */
	GATE_WATCHED, /* GATE_WATCHED + kind: of one kind in the watched cgroups */
	GATE_LOST = GATE_WATCHED + STALL_KINDS, /* the time that the machine took in each stall */
	GATE_CROWDED, /* the time that other threads of the run, or its quota, took in each stall */
	GATE_CAUSE, /* GATE_CAUSE + cause: the share of one cause in each stall */
	GATE_KIND_COUNT = GATE_CAUSE + CAUSES,
};

enum gate_stat {
	GATE_STAT_COUNT,
	GATE_STAT_MAX,
	GATE_STAT_TOTAL,
	GATE_STAT_P50,
	GATE_STAT_P90,
	GATE_STAT_P99,
	GATE_STAT_SHARE, /* of the run's critical path, in parts per million */
};

struct gate {
	char *expression; /* owned; as typed, without space between its parts */
	unsigned kind;
	enum gate_stat stat;
	bool or_equal; /* <= rather than < */
	uint64_t limit; /* ns; a plain number for GATE_STAT_COUNT; ppm for GATE_STAT_SHARE */
};

/* Statistics of the stalls of one kind. Without stalls all numbers are 0. */
struct gate_stats {
	bool measured; /* false: stalls of this kind were not measured, and the numbers mean nothing */
	uint64_t count;
	uint64_t max_ns;
	uint64_t total_ns;
	uint64_t p50_ns;
	uint64_t p90_ns;
	uint64_t p99_ns;
	bool share_measured;
	uint64_t share_ppm;
};

enum gate_result {
	GATE_HELD,
	GATE_BREACHED,
	GATE_UNMEASURED, /* the kind, or the critical path, was not measured */
};

/*
 * Parses KIND.STAT OP VALUE: kinds cpu, io, hiccup, any, also.cpu, also.io, lost, crowded and the names of causes; stats
 * count, max, total, p50, p90, p99 and share; OP < or <=; VALUE a duration with a unit (base/duration.h), a whole number for
 * count, or a percentage for share. Space between these is ignored.
 * Returns 0, and the caller ends *ret with gate_done(); or -EINVAL or -ERANGE with *ret_message,
 * which quotes the expression and says what to write instead, and which the caller frees. The
 * message holds the user's bytes as they are: escape it as log_error() does.
 */
int gate_parse(const char *expression, struct gate *ret, char **ret_message);

/* Frees the members of gate, not gate itself. */
void gate_done(struct gate *gate);

/* stats is indexed by gate->kind. *ret_actual (ns or a count; may be NULL) is the compared number; 0 for GATE_UNMEASURED. */
enum gate_result gate_evaluate(const struct gate *gate,
			       const struct gate_stats stats[GATE_KIND_COUNT],
			       uint64_t *ret_actual);

/* The unit of limit and of the actual value: "ns", "count" or "ppm". */
const char *gate_unit(const struct gate *gate);
