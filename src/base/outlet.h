/* Write to a descriptor whose reader may be slow or absent, with a limit on the wait */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/util.h"

/* A reader that takes less than a full pipe in this time counts as absent. */
#define OUTLET_PATIENCE_NS (10 * NSEC_PER_SEC)
/*
 * No limit, for a reader such as a person with a pager. While we wait, SIGINT, SIGTERM and SIGHUP
 * end us even if they are blocked.
 */
#define OUTLET_NO_HURRY    UINT64_MAX

/*
 * O_NONBLOCK is a property of the open file description, which we share with the command and our
 * caller: with it, their writes would fail. So open a pipe or a terminal again, to get a
 * description of our own. If that is not allowed, write only when poll(2) reports room.
 */
struct outlet {
	int fd; /* -1 if there is none */
	bool is_socket;
	bool is_callers; /* belongs to the caller: do not close it */
	bool may_block;
};

#define OUTLET_NONE ((struct outlet){.fd = -1})

/*
 * Opens an outlet to the caller's descriptor, which stays open and unchanged. Opens no new
 * descriptor unless fd is a pipe or a terminal. Returns 0 or -errno.
 */
int outlet_open(int fd, struct outlet *ret);
/* Takes ownership of fd, which the caller has opened with O_NONBLOCK. */
struct outlet outlet_take(int fd);
void outlet_close(struct outlet *outlet);

/*
 * Writes as much as there is room for. Returns the number of bytes or -errno; -EAGAIN if there is
 * no room now.
 */
ssize_t outlet_try(const struct outlet *outlet, const char *data, size_t size);
/*
 * Writes everything. Returns 0 or -errno; -ETIMEDOUT if the reader does not read for patience_ns.
 */
int outlet_write(const struct outlet *outlet, const char *data, size_t size, uint64_t patience_ns);
/* Returns the text of a -errno of this file for a message. */
const char *outlet_reason(int error);
/* Waits until there is room, for at most timeout_ns. */
void outlet_wait(const struct outlet *outlet, uint64_t timeout_ns);
