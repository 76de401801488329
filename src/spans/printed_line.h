/* Parses one line that a test program prints: TAP, or the frames of GoogleTest and cmocka. Pure functions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/words.h"

enum printed_what {
	PRINTED_OTHER,
	/* TAP */
	PRINTED_VERSION,
	PRINTED_PLAN,
	PRINTED_RESULT,
	/* Frames */
	PRINTED_HEAD, /* tests will run */
	PRINTED_SUITE, /* those of one suite */
	PRINTED_RUN, /* a test begins */
	PRINTED_END, /* a test has ended */
	PRINTED_BETWEEN, /* another frame that is printed between two tests */
};

struct printed_line {
	enum printed_what what;
	uint64_t number; /* PRINTED_PLAN: how many tests; PRINTED_RESULT: the test's */
	const char *
		name; /* part of the line: PRINTED_RESULT, PRINTED_SUITE, PRINTED_RUN, PRINTED_END */
	size_t length; /* of the name */
	enum span_outcome outcome; /* PRINTED_RESULT, PRINTED_END */
	bool is_cmocka; /* PRINTED_HEAD */
};

/* https://testanything.org/tap-version-14-specification.html */
struct printed_line printed_line_tap(const char *line);
/* Finds the last frame in the line, which may follow output of a test without a newline. */
struct printed_line printed_line_frame(const char *line);

/* Removes the escape sequences of colours. */
void printed_line_remove_colors(char *line);
