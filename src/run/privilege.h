/* Hide and drop privileges that the recorder has and its caller or the command has not */
#pragma once

#include <stdbool.h>

/*
 * With file capabilities or as a set-user-ID program: the caller must not look into this process.
 */
void privilege_hide(void);

/*
 * Drops each capability that the rest of a run does not need from the permitted set; for root only,
 * as other users have capabilities only from the file. Call this when the process of the command
 * exists, which must have the capabilities of the caller, and before it is released. Do not regain
 * them by exec: that would make the process non-dumpable. counts_cost: the kernel is still to count
 * what BPF programs cost, which needs CAP_SYS_ADMIN.
 */
void privilege_drop(bool counts_cost);
