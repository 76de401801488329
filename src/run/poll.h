/* What a loop waits for: descriptors and timers, each with the number of its event. */
#pragma once

#include <stdint.h>

/* events as for epoll_ctl(2). Returns 0 or -errno. */
int poll_watch(int epoll_fd, int fd, uint32_t events, uint32_t event);

/* A timer of CLOCK_MONOTONIC that is watched; interval_ns 0: it fires once. Returns the descriptor or -errno. */
int poll_timer(int epoll_fd, uint64_t first_ns, uint64_t interval_ns, uint32_t event);
