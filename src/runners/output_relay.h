/* Pass on the output of a test program, and report the tests that it shows to an outer latwrap */
#pragma once

#include <sys/types.h>

#include "runners/test_output.h"

/*
 * Replaces our standard output, and standard error if it is the same file, with a pipe. A child
 * copies the pipe to the original output: byte for byte, in order. The program inherits the pipe
 * from us. The spans belong to us, not to the child; parent_id is the ID of the span around them.
 */
struct span_output {
	pid_t reader; /* 0 if there is none */
	int stop_fd, done_fd; /* private */
};

#define SPAN_OUTPUT_NONE ((struct span_output){.stop_fd = -1, .done_fd = -1})

struct span_output_spec {
	enum test_output_kind kind;
	const char *parent_id, *runner;
	const char *prefix; /* of the name of each test */
};

/* Returns 0, or -errno with our output unchanged. */
int span_output_start(const struct span_output_spec *spec, struct span_output *ret);
/*
 * Call this after the program has ended: returns when all its output has been passed on. The child
 * continues to read from processes that the program left running. Our own output stays replaced.
 */
void span_output_finish(struct span_output *output);
