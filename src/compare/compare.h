/* Compares two groups of runs by ranks: the whole runs, the causes of their stalls, and each test */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/report.h"
#include "compare/ranksum.h"

/* The largest corrected p that counts as a difference. */
#define COMPARE_ALPHA 0.05

enum compare_side { COMPARE_BASE, COMPARE_NEW, COMPARE_SIDES };

enum compare_verdict {
	COMPARE_DIFFERENT,
	COMPARE_NO_DIFFERENCE, /* the runs could show a clear difference, but do not */
	COMPARE_TOO_FEW, /* with so few runs not even the clearest difference would count */
	COMPARE_VERDICTS
};
extern const char *const compare_verdict_names[COMPARE_VERDICTS];

struct compare_runs {
	size_t runs; /* runs compared, including the next two */
	size_t failed; /* runs with an exit status other than 0 */
	size_t unmeasured; /* runs without measured stalls */
	size_t left_out; /* checkpoints, and second reports of the same run; not in `runs` */
};

/* One metric of the runs or of a test, in both groups. */
struct compare_row {
	const char *metric; /* borrowed: "duration_ns", "cpu.total_ns", "cpu.outside_ns", ... */
	char *name, *file, *runner; /* of a test, any bytes; NULL: unknown, or a row of the runs */
	size_t count[COMPARE_SIDES]; /* values */
	size_t failed[COMPARE_SIDES]; /* runs in which the test failed */
	double median[COMPARE_SIDES];
	int64_t p90[COMPARE_SIDES], max[COMPARE_SIDES];
	struct ranksum test;
	double p_corrected; /* Holm's correction over all rows of the part */
	enum compare_verdict verdict;
};

/* The rows of the runs, or the rows of the tests: corrected together; the smallest p first. */
struct compare_part {
	struct compare_row *rows;
	size_t count;
	size_t different;
	size_t constant; /* metrics with the same value in all runs, which have no row */
};

struct comparison {
	struct compare_runs runs[COMPARE_SIDES];
	struct compare_part run, tests;
	enum compare_verdict verdict;
	char *sentence;
	char **notes; /* reasons to trust the comparison less; any bytes */
	size_t note_count;
	/* private */
	struct compare_sample *samples;
	size_t sample_count, samples_allocated;
	struct compare_run *seen;
	size_t seen_count;
	bool cut; /* a report does not list all tests */
	size_t repeated; /* runs with several attempts */
};

/* Copies what it needs from report, which the caller may free afterwards. */
void compare_add(struct comparison *comparison, enum compare_side side,
		 const struct report *report);
/* Computes the result; call it once, after the last compare_add(). */
void compare_finish(struct comparison *comparison);
void compare_done(struct comparison *comparison);
