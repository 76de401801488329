/* What test programs print, read for when each of their tests begins and ends. Pure */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spans/span_message.h"

/*
 * TEST_OUTPUT_GO: go test -v, also as go test -json has the program print it. Tests by their full names;
 * a test that waits for its turn (t.Parallel()) is paused. A subtest's outcome is only told after that
 * of its test, so at the beginning of the next one it is paused, and ended later.
 * TEST_OUTPUT_LIBTEST: Rust's, one thread: of more the beginnings are not told, and nothing is said.
 *
 * Tests print to the same place, also lines without an end, and lines that look like the runner's own: what
 * cannot be so at that point is theirs. The end of a test is told once the runner has gone on.
 */
enum test_output_kind { TEST_OUTPUT_GO, TEST_OUTPUT_LIBTEST };

struct test_event {
	enum span_event event; /* begin, pause, resume or end */
	uint64_t number; /* of the test, from 1 */
	uint64_t parent; /* of a beginning; 0: the program */
	const char *name; /* of a beginning */
	enum span_outcome outcome; /* of an end */
	uint64_t time_ns;
};

typedef void (*test_event_fn)(void *context, const struct test_event *event);

struct test_output;
struct test_output *test_output_new(enum test_output_kind kind, test_event_fn deliver,
				    void *context);
/* data was there at time_ns. */
void test_output_read(struct test_output *output, const char *data, size_t size, uint64_t time_ns);
/* Tells of ends that nothing has contradicted for some time. Returns when to call it again; 0: no need to. */
uint64_t test_output_settle(struct test_output *output, uint64_t time_ns);
/* The program has ended: what it said last is so. */
void test_output_finish(struct test_output *output);
struct test_output *test_output_free(struct test_output *output);
