/* The numbers of processes in /proc, which can be that of another PID namespace than ours. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

bool procfs_in_first_user_namespace(void);

/* For a process by its number in our namespace. 0: it is gone, or not there. */
pid_t procfs_number(pid_t pid);

/* By the numbers of /proc. 0: it has none, or is gone. */
pid_t procfs_parent(pid_t number);

/* Whether a process is another one's child, or its child's, and so on, now. By their numbers in our namespace. */
bool procfs_descends(pid_t pid, pid_t ancestor);

/* For a process or thread by its number in the first namespace, as BPF knows it. 0: that cannot be told. */
uint32_t procfs_host_number(uint32_t host_pid);
