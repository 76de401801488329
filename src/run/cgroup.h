/* A cgroup (v2): its directories, and whether it has processes */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A cgroup "latwrap-PID-XXXXXXXX" below the cgroup of the caller. No controller is enabled in it,
 * because that would change what is measured. All functions work relative to the descriptors, and
 * cgroup2 has no rename: a path keeps its meaning.
 *
 * fd holds an exclusive flock(2), which marks the owner. The kernel releases the lock with the last
 * descriptor of the owner, however the owner died. The lock works across PID and cgroup namespaces,
 * because there is only one cgroup2 superblock. A directory whose lock is free has been left
 * behind.
 */
struct cgroup {
	/*
	 * What bpf_get_current_cgroup_id() returns: the inode number, if ino_t has 64 bits (since
	 * kernel 5.5, fs/kernfs/dir.c)
	 */
	uint64_t id;
	char *dir; /* absolute, in the mount namespace of the caller */
	char *path; /* as in /proc/PID/cgroup: relative to the cgroup namespace of the caller */
	int fd; /* the directory, O_RDONLY, locked */
	int parent_fd; /* the cgroup of the caller, O_RDONLY; -1: latwrap did not make the cgroup */
	unsigned cleaned; /* directories of killed latwraps that cgroup_create() removed */
};

#define CGROUP_NONE ((struct cgroup){.fd = -1, .parent_fd = -1})

/*
 * Closes and frees without removing anything. Releases the lock: the next run of latwrap cleans up.
 */
void cgroup_close(struct cgroup *cg);

/* Paths relative to the listed directory, each parent before its children */
struct cgroup_tree {
	char **path; /* path[0] is "." */
	size_t count;
};

/* Skips directories that vanish meanwhile. Returns 0, or -errno with *ret empty. */
int cgroup_tree_list(int fd, struct cgroup_tree *ret);
void cgroup_tree_free(struct cgroup_tree *tree);

/*
 * Returns 1 while the subtree has a process (a dying process counts until it is released), 0 if it
 * has none, or -errno.
 */
int cgroup_populated(const struct cgroup *cg);

/*
 * Opens cgroup.events: POLLPRI (EPOLLPRI) reports that "populated" changed. Each call of
 * cgroup_events_populated() re-arms the descriptor; before the first call, it is ready at once. The
 * caller closes it. Returns the descriptor or -errno.
 */
int cgroup_events_open(const struct cgroup *cg);
/* Like cgroup_populated(), but reads from that descriptor. */
int cgroup_events_populated(int events_fd);

/*
 * Waits until "populated" changes, but at most a few milliseconds: no wait(2) tells when a dying
 * process leaves its cgroup. events_fd is from cgroup_events_open().
 */
void cgroup_wait_for_change(int events_fd);
