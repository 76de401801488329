/* SPDX-License-Identifier: MIT */
/* What of BPF works here: each program and each feature tried by itself */
#pragma once

#include <stdbool.h>

enum probe_kind {
	PROBE_FEATURE, /* of the kernel, which all programs together need */
	PROBE_PROGRAM, /* attached for a run */
	PROBE_ITERATOR, /* run over all threads, now and then during a run */
	PROBE_CALLED, /* run on demand */
};

enum probe_result {
	PROBE_WORKS,
	PROBE_ABSENT, /* this kernel has no such tracepoint */
	PROBE_REFUSED, /* it would not load, or not run */
	PROBE_SWITCHED_OFF, /* by LATWRAP_FAULT, and not tried */
};

/* Strings are valid during the call that hands it out. */
struct probe {
	enum probe_kind kind;
	enum probe_result result;
	const char *name; /* a program's C name, or "test run", "ring buffer", "task storage" */
	bool required; /* without it a part of the run is not measured */
	const char *reason; /* NULL if it works */
	const char *log; /* what the verifier said; NULL if it was not asked or said nothing */
};

typedef void (*trace_probe_fn)(void *context, const struct probe *probe);

/*
 * Tries every feature and every program, one after the other, and leaves nothing loaded. A program
 * is loaded alone, so that one refused by the verifier does not hide the others. faults is
 * LATWRAP_FAULT, and may be NULL. Takes well below a second.
 */
void trace_probe(const char *faults, trace_probe_fn deliver, void *context);
