/* SPDX-License-Identifier: MIT */
/* Explains errors of libbpf: keeps its first message, and makes the reason and the advice from it. */
#pragma once

/* Why tracing fails or is partial. Strings are owned and may be NULL. */
struct trace_problem {
	char *reason;
	char *advice;
};

void trace_problem_done(struct trace_problem *problem);

/* Forgets the kept message. Call it before an operation whose failure is to be explained. */
void trace_forget_complaints(void);
/* The first message since then; "" if there is none. Later messages are consequences of the first. */
const char *trace_first_complaint(void);

/* Sets *ret to the reason for err while `doing`, and to the advice. Returns err. */
int trace_explain(int err, const char *doing, struct trace_problem *ret);
