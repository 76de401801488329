/* Hints of tests: finds a test's name in the environment or the arguments of an executed program. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "abi.h"

struct span_hint {
	char *name, *file; /* owned; file NULL: unknown */
	const char *runner;
	/* true: the process is the test and ends with it. false: the process is a part of a test. */
	bool is_test;
};

/* The first bytes of the names of variables that runners give to the processes of a test; for the BPF side. */
extern const char span_hint_prefixes[ENVIRONMENT_PREFIXES][8];

/*
 * Finds hints in "NAME=value" strings, each with its NUL. is_inherited(context, string) tells whether the run inherited
 * the variable: then the test is one that started latwrap itself. Returns the number of hints, at most one per runner.
 */
#define SPAN_HINTS_MAX 4
size_t span_hints_of_environment(const char *data, size_t size,
				 bool (*is_inherited)(void *context, const char *variable),
				 void *context, struct span_hint ret[SPAN_HINTS_MAX]);

/* Finds a hint in arguments, each with its NUL. */
bool span_hint_of_arguments(const char *data, size_t size, struct span_hint *ret);

void span_hint_done(struct span_hint *hint);
