/* The programs of a run in two objects with the same maps, which two CPUs load at the same time. */
#pragma once

#include <stdbool.h>

struct bpf_program;
struct latwrap;
struct trace_kernel;

/* Most of a start is the kernel's verifier. Whether there are two CPUs for it. */
bool trace_halves_pay(const char *faults);

/*
 * Loads first, of which the programs are chosen, and meanwhile in a thread a second one with half of its programs:
 * they are chosen in first no more. Returns 0, or what made one of the two fail, and then no *ret_second. The caller
 * ends it with latwrap__destroy().
 */
int trace_halves_load(struct latwrap *first, struct trace_kernel *kernel, bool by_copies,
		      const char *faults, struct latwrap **ret_second);

/* The one that is loaded, or else first's. second may be NULL. */
struct bpf_program *trace_halves_program(const struct latwrap *first, const struct latwrap *second,
					 const char *name);
