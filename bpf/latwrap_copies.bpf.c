// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The same programs for kernels before 6.2, which have no bpf_rdonly_cast(): helper calls copy what they read. */
#define READS_BY_COPIES
#include "latwrap.bpf.c"
