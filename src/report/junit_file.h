/* A JUnit file, read as untrusted input: its test cases, and where each has room for more */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/util.h"

/*
 * Only positions are taken from the file, so that all else in it can stay as it is, byte for byte. What
 * makes XML dangerous is refused: declarations of its own in a DOCTYPE, with which a small file can
 * become a huge one, nesting without end, too large a file. Nothing outside of the file is ever read.
 */
#define JUNIT_CASES_MAX  1000000
#define JUNIT_DEPTH_MAX  128
#define JUNIT_NAME_BYTES 4096 /* longer names are cut off */

struct junit_suite {
	char *name; /* owned; NULL: none */
	const struct junit_suite *parent;
	struct junit_suite *next; /* of all in the file */
};

/* Where text goes: instead of cut bytes at an offset, which are those that end an empty element. */
struct junit_place {
	size_t at, cut;
	bool exists; /* the element that the text belongs into; else it must come with the text */
};

struct junit_case {
	char *name, *class_name, *file; /* owned; NULL: not given */
	uint64_t line; /* 0: not given */
	const struct junit_suite *suite; /* the innermost one; NULL: none */
	size_t tag_end, end; /* offsets after its first tag, and of the last one */
	bool empty; /* <testcase/>: tag_end is after the "/>" */
	bool has_ours; /* latwrap has been here before */
	bool failed, skipped; /* it says so; failed also of an error */
	struct junit_place properties, output; /* cut 0 and at 0: there is none yet */
};

struct junit_file {
	char *data;
	size_t size;
	/* How an ASCII character is written: bytes each, and which of them is not 0. */
	size_t unit, unit_at;
	struct junit_case *cases;
	size_t case_count;
	struct junit_suite *suites;
	char prefix[64]; /* of the names of elements, with its colon */
};

/*
 * Logs what is wrong with the file and returns -errno. If it is the content, data is there all the same, for the file to
 * be passed on as it is; then there are no cases. The caller ends *ret with junit_file_done().
 */
int junit_file_load(const char *path, struct junit_file *ret);
/* The same of a copy of data; name is for messages. */
int junit_file_parse(const char *data, size_t size, const char *name, struct junit_file *ret);
void junit_file_done(struct junit_file *file);
