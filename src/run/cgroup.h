/* The run's own cgroup (cgroup v2): made, listed, signalled, emptied and removed */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Made below the caller's own cgroup and called "latwrap-PID-XXXXXXXX". No controller is enabled
 * on it: that would change what is measured. Every function works relative to the descriptors, and
 * cgroup2 knows no renaming, so no path can change its meaning meanwhile.
 *
 * fd holds an exclusive flock(2): this is the mark of an owner. The kernel takes it away with the
 * owner's last descriptor, however it died, and it works across PID and cgroup namespaces, since
 * there is one cgroup2 superblock. A directory whose lock can be taken has been left behind.
 */
struct cgroup {
	uint64_t id; /* what bpf_get_current_cgroup_id() returns: kernfs uses it as the inode
			    number wherever ino_t has 64 bits (kernel 5.5, fs/kernfs/dir.c) */
	char *dir; /* absolute, in the caller's mount namespace */
	char *path; /* as in /proc/PID/cgroup: relative to the caller's cgroup namespace */
	int fd; /* the directory, O_RDONLY, locked */
	int parent_fd; /* the caller's own cgroup, O_RDONLY */
	unsigned cleaned; /* directories of killed latwraps that cgroup_create() removed */
};

#define CGROUP_NONE ((struct cgroup){.fd = -1, .parent_fd = -1})

/*
 * First removes what killed latwraps left beside it: their processes move to the caller's cgroup.
 * A directory that cannot be cleaned is left alone and is no failure. Takes at most half a second
 * for that.
 * Returns 0 or -errno. On failure *ret_message is a sentence for the user which says what to do;
 * the caller frees it. -ENOENT: no cgroup2 mounted; -EXDEV: the caller is outside its cgroup
 * namespace; -EACCES, -EPERM, -EROFS: no permission; anything else as from mkdir(2).
 */
int cgroup_create(struct cgroup *ret, char **ret_message);

/*
 * The processes of the whole subtree as PIDs of the caller's namespace, ascending, each once;
 * zombies are not among them, nor are processes which the caller's PID namespace does not know.
 * A snapshot: forks race with it. The caller frees *ret. Returns 0 or -errno.
 */
int cgroup_pids(const struct cgroup *cg, pid_t **ret, size_t *ret_count);

/* 1 while a process lives in the subtree (a dying one counts until it is let go), 0, or -errno. */
int cgroup_populated(const struct cgroup *cg);

/*
 * A descriptor of cgroup.events: POLLPRI (EPOLLPRI) when "populated" changes. Each
 * cgroup_events_populated() re-arms it; without a first read it is ready at once. The caller
 * closes it. Returns it or -errno.
 */
int cgroup_events_open(const struct cgroup *cg);
/* As cgroup_populated(), from that descriptor. */
int cgroup_events_populated(int events_fd);

/* Whether that process is in the subtree, now. */
bool cgroup_has(const struct cgroup *cg, pid_t pid);

/*
 * Sends sig to every process of the subtree once. A PID that left the cgroup or was reused
 * meanwhile is not touched (pidfd, then membership, then signal). Returns how many were
 * signalled, or, after trying all, the first failure other than -ESRCH. Those of the process group
 * except_group are left out; 0: nobody is.
 */
int cgroup_signal(const struct cgroup *cg, int sig, pid_t except_group);

/*
 * SIGKILL to everything in the subtree, forks included: by cgroup.kill (kernel 5.14), otherwise
 * by freezing it and killing until no new process turns up. Does not wait for the processes to be
 * gone: that is POLLPRI on cgroup.events. Returns 0 or -errno.
 */
int cgroup_kill(const struct cgroup *cg);

/*
 * Moves every process of the subtree to the parent, unharmed, and waits until the dying ones are
 * gone. Freezes the cgroup for an instant if forks outrun it. Returns 0, -ETIMEDOUT if something is
 * still there after two seconds, or the failure of the moves (-EACCES, -EBUSY if the parent got
 * controllers meanwhile).
 */
int cgroup_evacuate(const struct cgroup *cg);

/*
 * Removes the directories below it, deepest first, and itself, then closes and frees: *cg is
 * CGROUP_NONE. Kills and moves nothing. Waits for processes that are already dying. On failure
 * (-EBUSY: still populated) *cg is as before, for another try or cgroup_close().
 */
int cgroup_destroy(struct cgroup *cg);

/* Closes and frees without removing anything. Gives up the lock: the next latwrap cleans up. */
void cgroup_close(struct cgroup *cg);
