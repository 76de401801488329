/* Two groups of runs compared: whole runs, their causes, and each test, by ranks */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "catalog/report.h"
#include "compare/ranksum.h"

/* What p must not exceed, corrected, for a difference to be one. */
#define COMPARE_ALPHA 0.05

enum compare_side { COMPARE_BASE, COMPARE_NEW, COMPARE_SIDES };

enum compare_verdict {
	COMPARE_DIFFERENT,
	COMPARE_NO_DIFFERENCE, /* none that so many runs could show; they could show a clear one */
	COMPARE_TOO_FEW, /* not even the clearest difference would count */
	COMPARE_VERDICTS
};
extern const char *const compare_verdict_names[COMPARE_VERDICTS];

struct compare_runs {
	size_t runs; /* that count */
	size_t failed; /* of them, with another exit status than 0 */
	size_t unmeasured; /* of them, without any stalls to compare */
	size_t left_out; /* checkpoints, and reports that were given twice */
};

/* One number of a run or test, in both groups. */
struct compare_row {
	const char *metric; /* our own word: "duration_ns", "cpu.total_ns", "cpu.outside_ns" ... */
	char *name, *file, *runner; /* of a test, any bytes; NULL: a row of the run, or unknown */
	size_t count[COMPARE_SIDES];
	size_t failed[COMPARE_SIDES]; /* of a test */
	double median[COMPARE_SIDES];
	int64_t p90[COMPARE_SIDES], max[COMPARE_SIDES];
	struct ranksum test;
	double p_corrected; /* by Holm, over all rows of its part */
	enum compare_verdict verdict;
};

/* Rows of the run, or of the tests: corrected together. Most different first. */
struct compare_part {
	struct compare_row *rows;
	size_t count;
	size_t different;
	size_t constant; /* the same value in all runs: nothing to compare, and no row */
};

struct comparison {
	struct compare_runs runs[COMPARE_SIDES];
	struct compare_part run, tests;
	enum compare_verdict verdict;
	char *sentence;
	char **notes; /* what makes the comparison worth less; any bytes */
	size_t note_count;
	/* private: what has been added */
	struct compare_sample *samples;
	size_t sample_count, samples_allocated;
	struct compare_run *seen;
	size_t seen_count;
	bool cut; /* a report has not got all tests */
	size_t repeated; /* runs of several attempts */
};

/* Takes what it needs from a report, which the caller may end then. name is for messages. */
void compare_add(struct comparison *comparison, enum compare_side side,
		 const struct report *report);
/* After the last one. */
void compare_finish(struct comparison *comparison);
void compare_done(struct comparison *comparison);

/* "CPU stalls behind other programs"; of a test "duration", "stood still". */
char *compare_metric_words(const char *metric);
/* "no difference that these runs could show" */
const char *compare_verdict_words(enum compare_verdict verdict);

void compare_print_text(const struct comparison *comparison, FILE *out, bool color);
void compare_print_markdown(const struct comparison *comparison, FILE *out);
/* docs/compare.schema.json */
void compare_print_json(const struct comparison *comparison, FILE *out);
