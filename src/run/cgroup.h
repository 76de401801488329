/* The cgroup of the run (cgroup v2): create, list, signal, empty and remove it */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

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
	int parent_fd; /* the cgroup of the caller, O_RDONLY */
	unsigned cleaned; /* directories of killed latwraps that cgroup_create() removed */
};

#define CGROUP_NONE ((struct cgroup){.fd = -1, .parent_fd = -1})

/*
 * Creates the cgroup of the run. First removes cgroups that killed runs of latwrap left beside it,
 * and moves their processes to the cgroup of the caller; skips a directory that cannot be cleaned
 * up. This takes at most 0.5 s.
 * Returns 0 or -errno. On failure *ret_message is a message for the user that says what to do; the
 * caller frees it. -ENOENT: no cgroup2 is mounted; -EXDEV: the caller is outside its cgroup
 * namespace; -EACCES, -EPERM, -EROFS: no permission; other errors are those of mkdir(2).
 */
int cgroup_create(struct cgroup *ret, char **ret_message);

/*
 * Lists the processes of the subtree as PIDs of the namespace of the caller: in ascending order,
 * without duplicates, zombies, and processes that the namespace does not have. The list is a
 * snapshot: forks race with it. The caller frees *ret. Returns 0 or -errno.
 */
int cgroup_pids(const struct cgroup *cg, pid_t **ret, size_t *ret_count);

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

/* Returns whether the process is in the subtree at present. */
bool cgroup_has(const struct cgroup *cg, pid_t pid);

/*
 * Sends sig once to each process of the subtree, except those in the process group except_group (0:
 * no exception). Does not hit a PID that has left the cgroup or was reused (opens a pidfd, checks
 * membership, then signals). Returns the number of signalled processes; or, after trying all, the
 * first error other than -ESRCH.
 */
int cgroup_signal(const struct cgroup *cg, int sig, pid_t except_group);

/*
 * Sends SIGKILL to all processes of the subtree, including those forked meanwhile: by cgroup.kill
 * (kernel 5.14), or else by freezing the cgroup and killing until no new process appears. Does not
 * wait until the processes are gone: POLLPRI on cgroup.events tells that. Returns 0 or -errno.
 */
int cgroup_kill(const struct cgroup *cg);

/*
 * Moves all processes of the subtree to the parent, unharmed, and waits until dying processes are
 * gone. Freezes the cgroup briefly if forks are faster. Returns 0, -ETIMEDOUT if a process is still
 * there after 2 s, or the error of the moves (-EACCES; -EBUSY if the parent got controllers
 * meanwhile).
 */
int cgroup_evacuate(const struct cgroup *cg);

/*
 * Removes the directories below it, deepest first, then the cgroup itself; closes and frees: *cg
 * becomes CGROUP_NONE. Kills and moves no process; waits for processes that are already dying. On
 * failure (-EBUSY: still populated) *cg is unchanged, for another try or cgroup_close().
 */
int cgroup_destroy(struct cgroup *cg);

/*
 * Closes and frees without removing anything. Releases the lock: the next run of latwrap cleans up.
 */
void cgroup_close(struct cgroup *cg);
