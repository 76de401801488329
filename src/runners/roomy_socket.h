/* A datagram socket for many senders: with a longer queue than the 10 messages of Linux, where that is allowed. */
#pragma once

#include <sys/types.h>

/*
 * The kernel takes that number from net.unix.max_dgram_qlen when the socket is made (unix_create1() in
 * net/unix/af_unix.c), and there is no socket option for it. It belongs to a network namespace, so a
 * short-lived process makes one for itself, sets it there, and hands the socket over: nothing of ours or of
 * the system's changes, and sockets with a name in the file system reach across network namespaces.
 * That takes CAP_SYS_ADMIN; without, the queue is as long as the system has it. It also takes milliseconds, in
 * which the caller can do something else.
 */
struct roomy_socket {
	pid_t pid; /* of the process that makes it; -1: none does */
	int channel;
	unsigned system_room;
};

#define ROOMY_SOCKET_NONE ((struct roomy_socket){.pid = -1, .channel = -1})

/* Begins; whatever fails shows at the end. The caller goes on to one of the two below. */
void roomy_socket_begin(struct roomy_socket *ret);
/*
 * An unnamed AF_UNIX datagram socket, O_CLOEXEC and non-blocking; -errno. *ret_room is how many messages
 * wait in it before senders are told that there is no room.
 */
int roomy_socket_end(struct roomy_socket *making, unsigned *ret_room);
/* Without a socket, or after the end. */
void roomy_socket_close(struct roomy_socket *making);
