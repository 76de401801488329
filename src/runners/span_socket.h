/* The span socket: receive messages about tests, one datagram each, from processes of the run */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/model.h"
#include "runners/roomy_socket.h"
#include "runners/run_directory.h"
#include "runners/span_sender.h"

/*
 * A datagram socket in a directory of its own (runners/run_directory.h). All users may enter the
 * directory, but not list it, and write to the socket: the command may become any user, and may run
 * in containers that share the directory. The kernel identifies the sender of a message
 * (SO_PASSCRED), and only senders of the run are accepted (runners/span_sender.h). The kernel
 * queues a number of messages (runners/roomy_socket.h); a sender that does not want to wait gets an
 * error if the queue is full (unix(7)): so latwrap never delays a sender. A single message is read
 * at once. If messages come in quick succession and the queue is long enough, the socket is read at
 * intervals: each wakeup of latwrap takes CPU time from the run that is measured.
 */
struct span_socket {
	int fd; /* poll this: readable when span_socket_read() should be called */
	int socket_fd, timer_fd; /* private */
	struct roomy_socket making;
	uint64_t last_ns;
	bool may_wait; /* false: read each message at once */
	bool at_intervals;
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
 * Starts the slow part of opening, so that the caller can do something else meanwhile. Call this
 * before span_socket_open(). The caller ends it with span_socket_close().
 */
void span_socket_begin(struct span_socket *ret);
/*
 * Opens the socket for a run in that cgroup (NULL: none) and of that user. has_others: other cgroups
 * may be part of the run. Returns 0, or -errno with no socket; then *ret_complaint may have the
 * reasons for the user, and the caller frees it.
 */
int span_socket_open(struct span_socket *spans, const char *cgroup, bool has_others, uid_t user,
		     char **ret_complaint);
/* Removes the socket, its directory and everything in the directory. */
void span_socket_close(struct span_socket *socket);

/*
 * Passes the available messages to the model, up to a limit. Calls catch_up(context) after taking
 * messages from the kernel, and before delivering any except plans: the caller must consume the
 * records that precede the messages.
 */
void span_socket_read(struct span_socket *socket, struct model *model,
		      void (*catch_up)(void *context), void *context);
