/* Wait in the process of the disturber, no longer than latwrap lives */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What a disturbance measured of itself, as times of kernel_now_ns() */
struct disturb_times {
	uint64_t start_ns, end_ns;
	uint64_t done_ns; /* how long it surely lasted; 0: not all that should be was disturbed */
};

/* Waits until kernel_now_ns() is until_ns. Returns false at once when the other end of fd is closed. */
bool disturb_wait(int fd, uint64_t until_ns);
/* Waits for events of other_fd, too. Returns true when they are there; false after until_ns, too. */
bool disturb_wait_for(int fd, int other_fd, short events, uint64_t until_ns);
