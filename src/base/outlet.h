/* A descriptor that others read, or do not: written without waiting for them longer than is allowed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/util.h"

/* A reader who takes less than a pipe full in this time does not read. */
#define OUTLET_PATIENCE_NS (10 * NSEC_PER_SEC)
/* For a reader who may take all the time: a person with a pager. Then SIGINT, SIGTERM and SIGHUP end us, even
 * where they are blocked. */
#define OUTLET_NO_HURRY    UINT64_MAX

/*
 * O_NONBLOCK belongs to a description, which we share with the command and its callers, whose writes would fail
 * for it. So a pipe or a terminal is opened again, as a description of our own. Where that is not allowed, we write
 * only what poll(2) says there is room for.
 */
struct outlet {
	int fd; /* -1: none */
	bool is_socket;
	bool is_callers; /* not opened for this outlet */
	bool may_block;
};

#define OUTLET_NONE ((struct outlet){.fd = -1})

/* For a descriptor of the caller's, which stays as it is, and open. Needs no other one where there is none. 0 or -errno. */
int outlet_open(int fd, struct outlet *ret);
/* Takes over fd, which the caller has opened with O_NONBLOCK. */
struct outlet outlet_take(int fd);
void outlet_close(struct outlet *outlet);

/* What there is room for: the number of bytes, or -errno; -EAGAIN: none now. */
ssize_t outlet_try(const struct outlet *outlet, const char *data, size_t size);
/* All of it. -ETIMEDOUT if the reader does not read within patience_ns. */
int outlet_write(const struct outlet *outlet, const char *data, size_t size, uint64_t patience_ns);
/* What to say of a failure: -ETIMEDOUT is the reader's. */
const char *outlet_reason(int error);
/* Until there is room, or for so long. */
void outlet_wait(const struct outlet *outlet, uint64_t timeout_ns);
