/* Wait in the process of the disturber, no longer than latwrap lives */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What a disturbance measured of itself, as times of kernel_now_ns() */
struct disturb_times {
	uint64_t start_ns, end_ns;
	uint64_t done_ns; /* how long it surely lasted; 0: not all that should be was disturbed */
};

enum disturb_event {
	DISTURB_ENDED, /* the other end of fd is closed */
	DISTURB_ORDER, /* events of fd */
	DISTURB_OTHER, /* events of other_fd */
	DISTURB_TIME, /* kernel_now_ns() is until_ns */
};

/* Waits for the first of these. fd_events may be 0, and other_fd -1. */
enum disturb_event disturb_wait_any(int fd, short fd_events, int other_fd, short events,
				    uint64_t until_ns);
/* Waits until kernel_now_ns() is until_ns, or until the other end of fd is closed. */
void disturb_wait(int fd, uint64_t until_ns);
/* Waits for events of other_fd, too. Returns true when they are there; false after until_ns, too. */
bool disturb_wait_for(int fd, int other_fd, short events, uint64_t until_ns);
