/* Parses one line that a test program prints. Pure functions. */
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
	PRINTED_ENTER, /* a suite begins, in the one before it that has not ended */
	PRINTED_LEAVE, /* such a suite has ended */
	PRINTED_RUN, /* a test begins */
	PRINTED_FAILURE, /* the test has failed, but not ended */
	PRINTED_SKIP, /* a test does not run */
	PRINTED_END, /* a test has ended */
	PRINTED_CLOSE, /* a test has ended, and its outcome was said before */
	PRINTED_BETWEEN, /* another line that is printed between two tests */
};

struct printed_line {
	enum printed_what what;
	uint64_t number; /* PRINTED_PLAN: how many tests; PRINTED_RESULT: the test's */
	const char *name; /* of the test or suite, part of the line; NULL: the line has none */
	size_t length; /* of the name */
	const char *
		flow; /* TeamCity, subunit 2: part of the line, tells apart what runs at the same time */
	size_t flow_length;
	enum span_outcome outcome; /* PRINTED_RESULT, PRINTED_END */
	bool is_cmocka; /* PRINTED_HEAD */
	bool has_more; /* subunit: details of the outcome follow */
};

/* https://testanything.org/tap-version-14-specification.html */
struct printed_line printed_line_tap(const char *line);
/* Finds the last frame in the line, which may follow output of a test without a newline. */
struct printed_line printed_line_frame(const char *line);
/* The same in the log of Boost.Test with the level test_suite, or one with more. */
struct printed_line printed_line_boost(const char *line);
/* The same in subunit's first version: https://github.com/testing-cabal/subunit. */
struct printed_line printed_line_subunit(const char *line);
/* The same in the XML of Catch2 or doctest. Names stay escaped, until printed_line_unescape_xml(). */
struct printed_line printed_line_xml(const char *line);
/*
 * The same in TeamCity's messages: https://www.jetbrains.com/help/teamcity/service-messages.html. Names stay escaped, until
 * printed_line_unescape_teamcity().
 */
struct printed_line printed_line_teamcity(const char *line);

/* Both work in place. */
void printed_line_unescape_xml(char *text);
void printed_line_unescape_teamcity(char *text);

/* Removes the escape sequences of colours. */
void printed_line_remove_colors(char *line);
