/* The disturbance of slow files: what the run opens and reads is answered late */
#pragma once

#include "run/cgroup.h"
#include "run/disturb_wait.h"

/* Returns 0, or -errno after a message: fanotify's permission events cannot be had. */
int disturb_files_probe(void);
/*
 * Waits until a process of the cgroup opens or reads a file or directory, and answers that, and what
 * the cgroup opens and reads meanwhile, length_ns later; all others at once. Ends earlier when the
 * other end of fd is closed. Returns false if that or an order at fd came before anything was held
 * up. Must run in the process of the disturber, and open no file: it would wait for itself. If the
 * disturber is killed, the kernel answers.
 */
bool disturb_files(const struct cgroup *cgroup, int fd, uint64_t length_ns,
		   struct disturb_times *ret);
