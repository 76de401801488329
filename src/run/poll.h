/* Add descriptors and timers to an epoll instance, each with an event number */
#pragma once

#include <stdint.h>

/* Watches fd; events are those of epoll_ctl(2). Returns 0 or -errno. */
int poll_watch(int epoll_fd, int fd, uint32_t events, uint32_t event);

/*
 * Makes and watches a timer of CLOCK_MONOTONIC. It fires once if interval_ns is 0. Returns the
 * descriptor or -errno.
 */
int poll_timer(int epoll_fd, uint64_t first_ns, uint64_t interval_ns, uint32_t event);
