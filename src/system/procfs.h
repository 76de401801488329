/* Find processes in /proc, which may be of another PID namespace */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

bool procfs_in_first_user_namespace(void);

/*
 * Returns the ID in /proc of a process, given its ID in our namespace; 0 if the process is gone or
 * not in /proc.
 */
pid_t procfs_number(pid_t pid);

/*
 * Returns the parent of a process; both IDs are those of /proc. 0 if there is none or the process
 * is gone.
 */
pid_t procfs_parent(pid_t number);

/*
 * Read the cgroup2 path of a process, given its ID in our namespace, or of the caller. Return 0 or
 * -errno, see cgroup_own_path(). The caller frees *ret.
 */
int procfs_cgroup(pid_t pid, char **ret);
int procfs_own_cgroup(char **ret);

/*
 * Returns whether pid is at present a descendant of ancestor; both IDs are those of our namespace.
 */
bool procfs_descends(pid_t pid, pid_t ancestor);

/*
 * Returns the ID in /proc of a process or thread, given its ID in the initial namespace, which BPF
 * uses; 0 if unknown.
 */
uint32_t procfs_host_number(uint32_t host_pid);
