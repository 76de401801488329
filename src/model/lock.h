/* Who held the lock that a file operation waited for. */
#pragma once

#include "model/model.h"

/* Remembers the time off the CPU if it was a sleep for a lock that a thread ended. */
void lock_slept(struct model *model, const struct record_off_cpu *record);
/*
 * Lists those as culprits who held the lock that the thread slept for in the operation. host_tid: who slept; the stall is
 * divided already.
 */
void lock_name_holders(struct model *model, struct stall *stall, uint32_t host_tid);
/* The same for an operation that goes on, and waits for a lock that this process has. */
void lock_name_blocker(struct model *model, struct stall *stall, uint32_t host_pid);
