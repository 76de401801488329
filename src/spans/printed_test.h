/* What is known of a program that prints results, and of its tests that run. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/words.h"

struct lineage;
struct span;

#define PRINTED_LINE_BYTES 1024 /* only the end of a longer line is parsed */
#define PRINTED_FLOWS      8 /* tests at the same time in one process, as TeamCity's messages say */

enum printed_form {
	FORM_UNKNOWN,
	FORM_TAP,
	FORM_GTEST,
	FORM_CMOCKA,
	FORM_BOOST,
	FORM_CATCH2,
	FORM_DOCTEST,
	FORM_TEAMCITY,
	FORM_SUBUNIT,
	FORM_SUBUNIT2,
	FORM_NONE,
};

/* A test that runs, or whose end nothing has contradicted so far */
struct printed_test {
	struct span *span; /* owned reference; NULL: none */
	char *name, *flow; /* owned, as they are printed */
	uint64_t ended_ns; /* 0: it runs */
	enum span_outcome outcome; /* if it has ended */
	enum span_outcome noted; /* what was printed about it while it ran */
};

struct printed {
	struct lineage *process;
	enum printed_form form;
	char line[PRINTED_LINE_BYTES + 1];
	size_t length;
	bool headless; /* the begin of the line is missing */
	bool beginless; /* what is missing came before the form was known */
	struct printed_test tests[PRINTED_FLOWS]; /* only those with flows use more than the first */
	/* TAP */
	bool has_plan;
	uint64_t planned, count;
	char result[PRINTED_LINE_BYTES + 1]; /* the line of the last one */
	struct span *last; /* owned reference: the last test that ended */
	uint64_t first_ns, last_ns; /* of its first line, and of the last result */
	/* Frames */
	uint32_t attempt;
	bool has_end; /* a test has ended with its own name */
	char suite[256]; /* what the names of tests begin with; empty: unknown */
	bool contradicts; /* counted already */
	struct span **doubtful; /* owned references: only the exit status tells how these ended */
	size_t doubtful_count;
};

void printed_free(struct printed *printed); /* drops no reference; printed may be NULL */
