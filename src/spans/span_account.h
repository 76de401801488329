/* The account of a span when it becomes final: its thread, its time, and as much of the details as is worth its memory. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct account;
struct model;
struct span;

/* Where the span's time went until it was known to fail, or until its end; NULL if nothing was measured. The caller owns it. */
struct account *span_account(const struct model *model, const struct span *span);
/* Where the time of a process went between two times; NULL if nothing was measured. details: for a failed test. The caller owns it. */
struct account *model_account_of(const struct model *model, uint32_t host_pid, uint64_t from_ns,
				 uint64_t until_ns, bool details);
/*
 * The account of the whole run along the path of its first process, which has that pid in the caller's PID namespace; NULL if
 * nothing was measured. The caller owns it.
 */
struct account *model_run_account(const struct model *model, uint32_t pid, uint64_t start_ns,
				  uint64_t end_ns);
