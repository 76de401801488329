/* Whom a thread still waits for when its own time-out, or a signal, ends its sleep */
#pragma once

#include "model/off_cpu.h"

/*
 * The path of a sleep goes through the thread that ended it. A time-out of the sleeper's own, or a signal, says nothing about
 * why nobody answered. Then the path goes through the thread that the sleeper had asked before: it woke that thread, or made
 * it, and that thread has been runnable since then, or sleeps for one that it asked itself.
 */

/*
 * The thread that the sleeper woke or made between since_ns and from_ns, when its sleep began, and that has not finished at
 * until_ns; with several, the one that it asked last. NULL: none.
 */
const struct off_cpu_thread *asked_unfinished(const struct off_cpu_table *table,
					      const struct off_cpu_thread *sleeper,
					      uint64_t since_ns, uint64_t from_ns,
					      uint64_t until_ns);

/* How long the thread waited for a CPU between the two times. */
uint64_t asked_wait_ns(const struct off_cpu_thread *thread, uint64_t from_ns, uint64_t until_ns);

/* The main thread of the child process that the sleeper's process made last, and that lives at time_ns; NULL: none. */
const struct off_cpu_thread *asked_child(const struct off_cpu_table *table,
					 const struct off_cpu_thread *sleeper, uint64_t time_ns);
