/* A test that nobody told of: known from the environment or the arguments of a process that is executed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "abi.h"

struct span_hint {
	char *name, *file; /* owned; file NULL: not known */
	const char *runner;
	/* The process itself is the test, and its end that of the test; else it is a part of one. */
	bool is_test;
};

/*
 * Variables that runners give to what a test starts, by how their names begin, for the recorder.
 */
extern const char span_hint_prefixes[ENVIRONMENT_PREFIXES][8];

/*
 * Of "NAME=value" strings, each with its NUL. is_inherited(context, string): whether it comes from outside of
 * the run, where somebody else's test started us. At most one hint a runner; returns how many.
 */
#define SPAN_HINTS_MAX 4
size_t span_hints_of_environment(const char *data, size_t size,
				 bool (*is_inherited)(void *context, const char *variable),
				 void *context, struct span_hint ret[SPAN_HINTS_MAX]);

/* Of arguments, each with its NUL. */
bool span_hint_of_arguments(const char *data, size_t size, struct span_hint *ret);

void span_hint_done(struct span_hint *hint);
