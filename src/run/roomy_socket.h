/* A datagram socket for many senders: with a longer queue than the 10 messages of Linux, where that is allowed. */
#pragma once

/*
 * An unnamed AF_UNIX datagram socket, O_CLOEXEC and non-blocking; -errno. *ret_room is how many messages
 * wait in it before senders are told that there is no room.
 *
 * The kernel takes that number from net.unix.max_dgram_qlen when the socket is made (unix_create1() in
 * net/unix/af_unix.c), and there is no socket option for it. It belongs to a network namespace, so a
 * short-lived process makes one for itself, sets it there, and hands the socket over: nothing of ours or of
 * the system's changes, and sockets with a name in the file system reach across network namespaces.
 * That takes CAP_SYS_ADMIN; without, the queue is as long as the system has it.
 */
int roomy_socket(unsigned *ret_room);
