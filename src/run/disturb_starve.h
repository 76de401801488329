/* The disturbance of real-time load: nothing else gets the CPUs that the run may use */
#pragma once

#include "run/disturb_wait.h"

/* Below that of the disturber, which ends the load */
#define STARVE_PRIORITY 1

/* Returns 0, or -errno after a message: real-time priority is refused. */
int disturb_starve_probe(void);
/*
 * Loads all CPUs that the caller may use for length_ns, or until the other end of fd is closed. Runs
 * in the process of the disturber: if that is killed, the load ends with it.
 */
void disturb_starve(int fd, uint64_t length_ns, struct disturb_times *ret);
