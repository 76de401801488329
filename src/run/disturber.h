/* A process beside latwrap that disturbs the run as ordered, and ends each disturbance whatever happens to latwrap */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "catalog/disturbances.h"
#include "run/cgroup.h"
#include "run/disturb_wait.h"

#define DISTURBER_ORDERS_MAX  DISTURB_STEPS_MAX /* that wait for their time: those of one test */
#define DISTURBER_CGROUPS_MAX 8

/*
 * Only a frozen cgroup outlives the disturber: the kernel ends all else with it. When latwrap ends, however it does, the disturber
 * thaws and ends. When the disturber ends, latwrap thaws. The disturber is in a session of its own: a
 * signal to the process group of latwrap does not reach it.
 */
struct disturber {
	enum disturbance kind;
	const struct cgroup *cgroup; /* borrowed: whose files are slow */
	int cgroup_fds[DISTURBER_CGROUPS_MAX]; /* borrowed: the directories to freeze */
	size_t cgroup_count;
	pid_t pid; /* -1: there is none */
	int pidfd;
	int fd; /* readable when disturber_read() has something */
};

#define DISTURBER_NONE ((struct disturber){.pid = -1, .pidfd = -1, .fd = -1})

/* Times are those of kernel_now_ns(). */
struct disturb_order {
	uint32_t test; /* who is to be disturbed; not 0 */
	uint64_t at_ns, length_ns; /* length 0: forget the orders for this test */
};

/* What was done, as measured */
struct disturb_done {
	struct disturb_order order;
	struct disturb_times times;
};

/*
 * Starts the process for the kind and the cgroups in *disturber. Returns 0, or -errno after a message
 * that says why this disturbance cannot be had.
 */
int disturber_start(struct disturber *disturber);
/* Returns 0 or -errno. */
int disturber_order(const struct disturber *disturber, const struct disturb_order *order);
/* Returns 1 with *ret, 0 if there is nothing yet, -EPIPE if the disturber has ended. */
int disturber_read(const struct disturber *disturber, struct disturb_done *ret);
/*
 * Ends the current disturbance before its time. After this call, disturber_read() waits for what is
 * left to report, and returns -EPIPE at the end.
 */
void disturber_finish(const struct disturber *disturber);
/* Ends the process and thaws the cgroups. */
void disturber_stop(struct disturber *disturber);
