/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Loops with many steps, of which the verifier checks one. */
#ifndef LATWRAP_LOOP_H
#define LATWRAP_LOOP_H

#include "kernel_read.h"

/*
 * LOOP_STEP() makes a function of a step's number and a context the step of a loop with at most that many steps; LOOP() runs
 * it until a step returns 1. bpf_loop() exists since 5.17 (kernel commit e6f2dd0f8067). latwrap_copies.bpf.c also runs on
 * kernels without it: there a step is done for each element of an array.
 */
#ifdef READS_BY_COPIES
#define LOOP_STEPS_MAX 65536

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LOOP_STEPS_MAX);
	__type(key, u32);
	__type(value, u8);
} loop_steps SEC(".maps");

#define LOOP_STEP(name, context_type, steps_max)                                                \
	_Static_assert((steps_max) <= LOOP_STEPS_MAX, "more steps than elements");              \
	static long name##_of_element(void *map, u32 *step, void *value, context_type *context) \
	{                                                                                       \
		return *step < (steps_max) ? name(*step, context) : 1;                          \
	}
#define LOOP(name, context) bpf_for_each_map_elem(&loop_steps, name##_of_element, context, 0)
#else
#define LOOP_STEP(name, context_type, steps_max) enum { name##_steps = (steps_max) };
#define LOOP(name, context)                      bpf_loop(name##_steps, name, context, 0)
#endif

#endif
