/* SPDX-License-Identifier: MIT */
/* Reads the faults that tests inject by LATWRAP_FAULT. */
#pragma once

#include <stdbool.h>

/* Whether faults (LATWRAP_FAULT; may be NULL) contains the item kind + name, such as "skip:sys_exit". */
bool trace_has_fault(const char *faults, const char *kind, const char *name);
