/* Make a datagram socket with a longer queue than the 10 messages of Linux, if allowed */
#pragma once

#include <sys/types.h>

/*
 * The kernel takes the length of the queue from net.unix.max_dgram_qlen when the socket is made
 * (unix_create1() in net/unix/af_unix.c); there is no socket option for it. The setting belongs to
 * a network namespace. So a short-lived process makes a network namespace, changes the setting
 * there, makes the socket and passes it to us: nothing changes for us or the system, and sockets
 * with a name in the file system work across network namespaces. This needs CAP_SYS_ADMIN; without
 * it, the queue has the length of the system. It takes milliseconds, in which the caller can do
 * something else.
 */
struct roomy_socket {
	pid_t pid; /* of the process that makes the socket; -1 if there is none */
	int channel;
	unsigned system_room;
};

#define ROOMY_SOCKET_NONE ((struct roomy_socket){.pid = -1, .channel = -1})

/*
 * Starts the process. A failure shows at the end. The caller then calls one of the two functions
 * below.
 */
void roomy_socket_begin(struct roomy_socket *ret);
/*
 * Returns an unnamed AF_UNIX datagram socket, O_CLOEXEC and non-blocking, or -errno. *ret_room is
 * the number of messages that the queue holds before senders fail.
 */
int roomy_socket_end(struct roomy_socket *making, unsigned *ret_room);
/* Ends without a socket; may be called after roomy_socket_end(). */
void roomy_socket_close(struct roomy_socket *making);
