/* The struct of what latwrap shake found: all its rows, as views read them */
#pragma once

#include "catalog/disturbances.h"
#include "catalog/report.h"

enum shake_status {
	SHAKE_FAILS, /* only when disturbed */
	SHAKE_UNSURE, /* it failed when disturbed, but not often enough */
	SHAKE_BEARS, /* it never failed */
	SHAKE_FAILS_ANYWAY, /* it also failed undisturbed */
	SHAKE_NOT_REACHED, /* no disturbance came while the test ran */
	SHAKE_NOT_TRIED,
	SHAKE_STATUSES
};

extern const char *const shake_status_names[SHAKE_STATUSES];

struct shake_runs {
	uint64_t count, failed;
};

/* A length and what it did to a test; ns 0: unknown. */
struct shake_length {
	uint64_t ns, runs, failed;
};

struct shake_test {
	const char *name, *file, *runner; /* name NULL: the command as a whole */
	struct word status;
	struct shake_runs undisturbed, disturbed;
	uint64_t spoiled; /* failures that the machine made: they count nowhere else */
	uint64_t missed; /* disturbances that did not come while the test ran */
	struct optional_u64 offset_ns; /* from the test's begin, of the place where it fails */
	struct shake_length *bears, *fails; /* NULL: none */
	ROWS(shake_length) lengths; /* all that were tried, the shortest first */
};

struct shake_disturbance {
	uint64_t run; /* from 1 */
	uint64_t test; /* index in tests */
	uint64_t start_ns; /* from the start of the run */
	uint64_t asked_ns, done_ns;
	bool hit; /* it began while the test ran */
	struct word answer; /* for the test, if it failed then; text NULL: it passed, or was missed */
};

struct shake {
	uint64_t shake_version;
	struct report_tool tool;
	bool complete; /* false: it was stopped before all was tried */
	const char *started_at;
	uint64_t duration_ns;
	struct texts command;
	uint64_t seed;
	struct word disturbance;
	const char *replayed; /* the report whose stalls were replayed; NULL: it was a search */
	uint64_t longest_ns, tries;
	struct shake_runs undisturbed, disturbed; /* of the command */
	struct texts notes;
	ROWS(shake_test) tests; /* the most brittle first */
	ROWS(shake_disturbance) disturbances;
	uint64_t disturbances_dropped;
	struct arena memory; /* owns all data */
};

#define SHAKE_VERSION 1
