/* SPDX-License-Identifier: MIT */
/* What libbpf says, kept for the message. */
#pragma once

#include "trace/trace.h"

/* Before libbpf is asked for something whose failure is to be explained. */
void trace_forget_complaints(void);
/* Since then; "": none. Those that follow are consequences. */
const char *trace_first_complaint(void);

/* Says in *ret why err came, and what to do. Returns err. */
int trace_explain(int err, const char *doing, struct trace_problem *ret);
