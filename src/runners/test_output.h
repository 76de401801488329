/* Parse the output of test programs for the begin and end of each test. Pure functions */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spans/span_message.h"

/*
 * TEST_OUTPUT_GO: output of go test -v, also in the form that go test -json requests from the
 * program. Tests have their full names; a test that waits for its turn (t.Parallel()) is paused. go
 * prints the outcome of a subtest only after that of its parent: so a subtest is paused when the
 * next one begins, and ended later.
 * TEST_OUTPUT_LIBTEST: output of the test library of Rust with one thread. With more threads, it
 * does not print when tests begin, so nothing is reported.
 *
 * Tests print to the same place: also lines without an end, and lines that look like those of the
 * runner. A line that the runner cannot print at this point counts as output of a test. The end of
 * a test is reported once the runner has gone on.
 */
enum test_output_kind { TEST_OUTPUT_GO, TEST_OUTPUT_LIBTEST };

struct test_event {
	enum span_event event; /* begin, pause, resume or end */
	uint64_t number; /* number of the test, from 1 */
	uint64_t parent; /* of SPAN_BEGIN; 0: the program */
	const char *name; /* of SPAN_BEGIN */
	enum span_outcome outcome; /* of SPAN_END */
	uint64_t time_ns;
};

typedef void (*test_event_fn)(void *context, const struct test_event *event);

struct test_output;
struct test_output *test_output_new(enum test_output_kind kind, test_event_fn deliver,
				    void *context);
/* Parses data that was read at time_ns. */
void test_output_read(struct test_output *output, const char *data, size_t size, uint64_t time_ns);
/*
 * Reports ends that no later output has contradicted for some time. Returns when to call this
 * again; 0: not needed.
 */
uint64_t test_output_confirm(struct test_output *output, uint64_t time_ns);
/* Call this when the program has ended: reports the ends that it printed last. */
void test_output_finish(struct test_output *output);
struct test_output *test_output_free(struct test_output *output);
