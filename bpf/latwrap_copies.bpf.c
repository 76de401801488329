// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The same programs for kernels before 6.2, which let no number be followed as a pointer: what is there is copied. */
#define READS_BY_COPIES
#include "latwrap.bpf.c"
