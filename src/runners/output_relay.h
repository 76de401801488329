/* Passes on what a test program prints, and tells the latwrap around us of the tests that it shows. */
#pragma once

#include <sys/types.h>

#include "runners/test_output.h"

/*
 * Puts a pipe in the place of our standard output, and of standard error where that is the same, and a child
 * that copies it to where it went: byte for byte, in order. The program inherits the pipe from us. The spans
 * are ours, not the child's: parent_id names the one around them.
 */
struct span_output {
	pid_t reader; /* 0: there is none */
	int stop_fd, done_fd; /* private */
};

#define SPAN_OUTPUT_NONE ((struct span_output){.stop_fd = -1, .done_fd = -1})

struct span_output_spec {
	enum test_output_kind kind;
	const char *parent_id, *runner;
	const char *prefix; /* of each test's name */
};

/* Returns 0 or -errno; then our output is as it was. */
int span_output_start(const struct span_output_spec *spec, struct span_output *ret);
/*
 * After the program has ended: all that it has printed is passed on. What it left running goes on to be
 * read. Our own output is gone for good.
 */
void span_output_finish(struct span_output *output);
