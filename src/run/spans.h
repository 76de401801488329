/* The socket on which test runners tell of their tests: a datagram each, from whoever may reach it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/model.h"

/*
 * A datagram socket in a directory of its own below the temporary directory. The directory may be
 * entered, not listed, by all, and the socket written by all: the command may become any user, and
 * run in containers that share the directory. Who sent a message the kernel says (SO_PASSCRED).
 * The kernel queues only a few messages (net.unix.max_dgram_qlen, 10 or 512) and tells a sender
 * that does not want to wait that there is no room (unix(7)): nobody is ever held up by us.
 */
struct span_socket {
	int fd; /* readable when there are messages */
	char *dir, *path; /* owned */
	struct span_batch *batch; /* owned */
};

#define SPAN_SOCKET_NONE ((struct span_socket){.fd = -1})

/* Returns 0 or -errno; then there is none. The caller ends it with span_socket_close(). */
int span_socket_open(struct span_socket *ret);
/* Takes the socket away again, and its directory with all that is in it. */
void span_socket_close(struct span_socket *socket);

/*
 * Takes some messages from the kernel, a bounded number; returns how many. They are given to the model
 * by span_socket_deliver(), so that records of what led to them can be read in between.
 */
size_t span_socket_receive(struct span_socket *socket);
void span_socket_deliver(struct span_socket *socket, struct model *model);
