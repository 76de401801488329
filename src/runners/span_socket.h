/* The socket on which test runners tell of their tests: a datagram each, from the processes of the run. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/model.h"
#include "runners/roomy_socket.h"
#include "runners/run_directory.h"
#include "runners/span_sender.h"

/*
 * A datagram socket in a directory of its own (runners/run_directory.h). The directory may be
 * entered, not listed, by all, and the socket written by all: the command may become any user, and
 * run in containers that share the directory. Who sent a message the kernel says (SO_PASSCRED), and
 * only those of the run are heard (runners/span_sender.h).
 * The kernel queues a number of messages (run/roomy_socket.h) and tells a sender that does not want
 * to wait that there is no room (unix(7)): nobody is ever held up by us.
 * A single message is read at once. When they come one after the other we look at intervals, if the
 * queue is long enough: each time that we are woken we take a CPU from those whose time we measure.
 */
struct span_socket {
	int fd; /* poll it: readable when it is time to call span_socket_read() */
	int socket_fd, timer_fd; /* private */
	struct roomy_socket making;
	uint64_t last_ns;
	bool may_wait, at_intervals;
	unsigned idle_intervals;
	struct run_directory directory;
	char *path; /* owned */
	struct span_senders *senders; /* owned */
	struct span_batch *batch; /* owned */
};

#define SPAN_SOCKET_NONE                                   \
	((struct span_socket){.fd = -1,                    \
			      .socket_fd = -1,             \
			      .timer_fd = -1,              \
			      .making = ROOMY_SOCKET_NONE, \
			      .directory = RUN_DIRECTORY_NONE})

/*
 * Begins what takes long, and can take it while something else is done: to be called before span_socket_open(). The
 * caller ends it with span_socket_close().
 */
void span_socket_begin(struct span_socket *ret);
/*
 * For a run in that cgroup (NULL: none), of that user. Returns 0, or -errno; then there is none, and ret_complaint, which
 * the caller frees, may have the reasons for a person.
 */
int span_socket_open(struct span_socket *spans, const char *cgroup, uid_t user,
		     char **ret_complaint);
/* Takes the socket away again, and its directory with all that is in it. */
void span_socket_close(struct span_socket *socket);

/*
 * Gives the messages that are there to the model, a bounded number of them. catch_up(context) is called
 * when some have been taken from the kernel and none is delivered yet: for the records of what led to them.
 */
void span_socket_read(struct span_socket *socket, struct model *model,
		      void (*catch_up)(void *context), void *context);
