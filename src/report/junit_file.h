/* Reads a JUnit file as untrusted input: its test cases, and where each has room for more */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/util.h"
#include "report/junit_time.h"

/*
 * Only positions are taken from the file, so that the rest stays as it is, byte for byte. What
 * makes XML dangerous is refused: declarations in a DOCTYPE, with which a small file can become
 * huge; unlimited nesting; a file that is too large. Nothing outside the file is read.
 */
#define JUNIT_CASES_MAX  1000000
#define JUNIT_DEPTH_MAX  128
#define JUNIT_NAME_BYTES 4096 /* longer names are truncated */
#define JUNIT_TRIES_MAX  100 /* of a case, beside the one that counts */

struct junit_suite {
	char *name; /* owned; NULL: none */
	const struct junit_suite *parent;
	struct junit_suite *next; /* of all in the file */
};

/* Where text goes: it replaces cut bytes at an offset, which are the end of an empty element. */
struct junit_place {
	size_t at, cut;
	bool exists; /* the element that the text belongs into; if it does not exist, the text brings it */
};

struct junit_time {
	bool is_known;
	bool is_wrong; /* the file has a text that is no duration */
	struct junit_duration duration; /* if known */
};

/* A try of a test that counts for nothing (Surefire's flakyFailure, rerunFailure and such) */
struct junit_try {
	bool is_before; /* before the one that counts, not after it */
	bool is_error;
	struct junit_time duration;
};

struct junit_case {
	char *name, *class_name, *file; /* owned; NULL: not given */
	uint64_t line; /* 0: not given */
	const struct junit_suite *suite; /* the innermost one; NULL: none */
	size_t tag_end, end; /* the offsets after its first tag, and of its last tag */
	bool empty; /* <testcase/>: tag_end is after the "/>" */
	bool has_ours; /* latwrap has changed this case before */
	bool failed, skipped; /* as the file says; an error also counts as failed */
	bool is_error;
	struct junit_time duration;
	bool has_timestamp;
	struct junit_timestamp timestamp; /* when the test began */
	struct junit_try *tries; /* owned */
	size_t try_count, tries_dropped;
	struct junit_place properties, output; /* cut 0 and at 0: it does not exist yet */
};

struct junit_file {
	char *data;
	size_t size;
	/* How an ASCII character is written: the number of bytes, and which of them is not 0 */
	size_t unit, unit_at;
	struct junit_case *cases;
	size_t case_count;
	struct junit_suite *suites;
	char prefix[64]; /* of the names of elements, with the colon */
	char *problem; /* owned: what is wrong with the content, to be put after its name; NULL: nothing */
	bool is_cut; /* the problem is that the file ends too early: it has the cases before its end */
};

/*
 * Takes ownership of data. Returns 0, or -EINVAL with ret->problem and, unless ret->is_cut, without
 * cases. The caller ends *ret with junit_file_done().
 */
int junit_file_read(char *data, size_t size, struct junit_file *ret);
/*
 * Logs what is wrong with the file and returns -errno. If the content is wrong, data is set and
 * there are no cases, so that the file can be passed on unchanged. The caller ends *ret with
 * junit_file_done().
 */
int junit_file_load(const char *path, struct junit_file *ret);
/* The same for a copy of data; name is for messages. */
int junit_file_parse(const char *data, size_t size, const char *name, struct junit_file *ret);
void junit_file_done(struct junit_file *file);
