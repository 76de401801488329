/* SPDX-License-Identifier: MIT */
/* Probes BPF on this machine: tries each feature and each program separately */
#pragma once

#include <stdbool.h>

enum probe_kind {
	PROBE_FEATURE, /* a feature of the kernel that the programs need */
	PROBE_PROGRAM, /* a program that is attached for a run */
	PROBE_ITERATOR, /* a program that sometimes runs over all threads during a run */
	PROBE_CALLED, /* a program that runs on demand */
};

enum probe_result {
	PROBE_WORKS,
	PROBE_ABSENT, /* this kernel has no such tracepoint */
	PROBE_REFUSED, /* it did not load, or did not run */
	PROBE_SWITCHED_OFF, /* not tried, because of LATWRAP_FAULT */
};

/* Strings are valid only during the call of trace_probe_fn. */
struct probe {
	enum probe_kind kind;
	enum probe_result result;
	const char *name; /* a program's C name, or "test run", "ring buffer", "task storage" */
	bool required; /* without it a part of the run is not measured */
	const char *reason; /* NULL if it works */
	const char *log; /* the verifier's log; NULL: no log */
};

typedef void (*trace_probe_fn)(void *context, const struct probe *probe);

/*
 * Tries every feature and every program in turn, in well below a second; leaves nothing loaded. It loads each program
 * alone, so that a refused one does not hide the others. faults is LATWRAP_FAULT and may be NULL.
 */
void trace_probe(const char *faults, trace_probe_fn deliver, void *context);
