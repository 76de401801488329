/* What the new process does between its first instruction and exec */
#include "run/child_exec.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <paths.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "run/signals.h"
#include "system/rlimits.h"
#include "system/search_path.h"

/* On architectures where the original calls have 16-bit IDs, use those with 32 bits. */
#ifdef SYS_setresuid32
#define NR_SETGROUPS SYS_setgroups32
#define NR_SETRESGID SYS_setresgid32
#define NR_SETRESUID SYS_setresuid32
#else
#define NR_SETGROUPS SYS_setgroups
#define NR_SETRESGID SYS_setresgid
#define NR_SETRESUID SYS_setresuid
#endif

/* -- In the parent --------------------------------------------------------------------------- */

struct strings {
	char **item; /* NULL-terminated */
	size_t count, room;
};

static void strings_add(struct strings *strings, char *item)
{
	if (strings->count + 2 > strings->room) {
		strings->room = strings->room ? strings->room * 2 : 64;
		strings->item = xreallocarray(strings->item, strings->room, sizeof(*strings->item));
	}
	strings->item[strings->count++] = item;
	strings->item[strings->count] = NULL;
}

void child_exec_free_strings(char **strings)
{
	for (char **s = strings; s && *s; s++)
		free(*s);
	free(strings);
}

/* Returns whether two strings "NAME=VALUE" have the same name. */
static bool same_variable(const char *a, const char *b)
{
	size_t length = strcspn(a, "=");

	return strncmp(a, b, length) == 0 && b[length] == '=';
}

static void set_variable(struct strings *environment, char *assignment)
{
	size_t kept = 0;
	bool placed = false;

	for (size_t i = 0; i < environment->count; i++) {
		char *item = environment->item[i];

		if (same_variable(assignment, item)) {
			free(item);
			if (placed)
				continue;
			item = assignment;
			placed = true;
		}
		environment->item[kept++] = item;
	}
	environment->count = kept;
	if (environment->item)
		environment->item[kept] = NULL;
	if (!placed)
		strings_add(environment, assignment);
}

char **child_exec_environment(char *const *environment, char *const *extra,
			      const struct user_spec *user)
{
	struct strings result = {0};

	for (char *const *s = environment; s && *s; s++)
		strings_add(&result, xstrdup(*s));
	if (user && !user->current) {
		set_variable(&result, xasprintf("HOME=%s", user->home));
		set_variable(&result, xasprintf("USER=%s", user->name));
		set_variable(&result, xasprintf("LOGNAME=%s", user->name));
		set_variable(&result, xasprintf("SHELL=%s", user->shell));
	}
	for (char *const *s = extra; s && *s; s++)
		set_variable(&result, xstrdup(*s));
	return result.item ? result.item : xcalloc(1, sizeof(char *));
}

static const char *find_variable(char *const *environment, const char *name)
{
	for (char *const *s = environment; *s; s++) {
		const char *value = startswith(*s, name);

		if (value && *value == '=')
			return value + 1;
	}
	return NULL;
}

static char **make_sh_argv(char *const *argv)
{
	size_t argc = 0;
	char **result;

	while (argv[argc])
		argc++;
	/* One more than argv, for the shell; at least the shell and a script. */
	result = xcalloc(argc + 3, sizeof(*result));
	result[0] = (char *)_PATH_BSHELL;
	for (size_t i = 1; i < argc; i++)
		result[i + 1] = argv[i];
	return result;
}

#define RESET_ON_FORK 1 /* SCHED_FLAG_RESET_ON_FORK */

static void take_kept(struct kept *ret)
{
	static const struct itimerval none;

	*ret = (struct kept){.parent = getpid()};
	prctl(PR_GET_PDEATHSIG, &ret->death_signal, 0, 0, 0);
	prctl(PR_GET_CHILD_SUBREAPER, &ret->subreaper, 0, 0, 0);
	for (int i = 0; i < (int)ARRAY_SIZE(ret->timers); i++)
		setitimer(i, &none, &ret->timers[i]);
	ret->resets_scheduling =
		syscall(SYS_sched_getattr, 0, &ret->scheduling, sizeof(ret->scheduling), 0) == 0 &&
		(ret->scheduling.flags & RESET_ON_FORK);
}

void child_exec_prepare(const struct child_spec *spec, struct child_exec *ret)
{
	char **environment = child_exec_environment(environ, spec->env_extra, spec->user);

	*ret = (struct child_exec){
		.spec = spec,
		.paths = search_path(spec->file ? spec->file : spec->argv[0],
				     find_variable(environment, "PATH")),
		.sh_argv = make_sh_argv(spec->argv),
		.environment = environment,
	};
	take_kept(&ret->kept);
}

void child_exec_free(struct child_exec *exec)
{
	search_path_free(exec->paths);
	child_exec_free_strings(exec->environment);
	free(exec->sh_argv);
}

/* -- In the child: system calls only ---------------------------------------------------------- */

/*
 * The functions of libc would send signals to its other threads, which do not exist in the child.
 */
static long set_uids(uid_t uid)
{
	return syscall(NR_SETRESUID, uid, uid, uid);
}

static long set_gids(gid_t gid)
{
	return syscall(NR_SETRESGID, gid, gid, gid);
}

/*
 * The kernel drops capabilities when root becomes another user, but not with "keep capabilities",
 * and not for a caller that is not root and has CAP_SETUID from file or ambient capabilities.
 * Inheritable capabilities remain, which grant nothing by themselves.
 */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].permitted = data[i].effective = 0;
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* Returns whether all IDs are the new ones and there is no way back to root. */
static bool has_changed_user(const struct user_spec *user)
{
	uid_t uid[3];
	gid_t gid[3];

	if (getresuid(&uid[0], &uid[1], &uid[2]) < 0 || getresgid(&gid[0], &gid[1], &gid[2]) < 0)
		return false;
	for (size_t i = 0; i < 3; i++)
		if (uid[i] != user->uid || gid[i] != user->gid)
			return false;
	if (user->uid == 0)
		return true;
	return set_uids(0) < 0 && (user->gid == 0 || set_gids(0) < 0);
}

static int become(const struct user_spec *user, enum child_stage *ret_stage)
{
	int r;

	*ret_stage = CHILD_STAGE_GROUPS;
	if (syscall(NR_SETGROUPS, user->ngroups, user->groups) < 0)
		return -errno;
	*ret_stage = CHILD_STAGE_GID;
	if (set_gids(user->gid) < 0)
		return -errno;
	*ret_stage = CHILD_STAGE_UID;
	if (set_uids(user->uid) < 0)
		return -errno;
	*ret_stage = CHILD_STAGE_DROP;
	r = user->uid == 0 ? 0 : drop_capabilities();
	if (r < 0)
		return r;
	return has_changed_user(user) ? 0 : -EPERM;
}

/* Returns the -errno of execvp(3), except that "in none of these directories" is always -ENOENT. */
static int try_paths(struct child_exec *exec)
{
	bool denied = false;

	for (char **path = exec->paths; *path; path++) {
		execve(*path, exec->spec->argv, exec->environment);
		if (errno == ENOEXEC) {
			exec->sh_argv[1] = *path;
			execve(exec->sh_argv[0], exec->sh_argv, exec->environment);
		}
		/* A single path: return its own error. */
		if (!exec->paths[1])
			return -errno;
		switch (errno) {
		case EACCES:
			denied = true;
			break;
		case ENOENT:
		case ESTALE:
		case ENOTDIR:
		case ENODEV:
		case ETIMEDOUT:
			break;
		default:
			return -errno;
		}
	}
	return denied ? -EACCES : -ENOENT;
}

/* If a security policy forbids this, the command runs without it. */
static void restore_scheduling(const struct kept *kept)
{
	if (kept->resets_scheduling)
		syscall(SYS_sched_setattr, 0, &kept->scheduling, 0);
}

/* Call this after setting the user, which clears the death signal. */
static void restore_kept(const struct kept *kept)
{
	if (kept->subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (int i = 0; i < (int)ARRAY_SIZE(kept->timers); i++)
		if (kept->timers[i].it_value.tv_sec || kept->timers[i].it_value.tv_usec)
			setitimer(i, &kept->timers[i], NULL);
	if (!kept->death_signal)
		return;
	prctl(PR_SET_PDEATHSIG, kept->death_signal, 0, 0, 0);
	/* The parent died before prctl(): send the signal ourselves. */
	if (getppid() != kept->parent)
		kill(getpid(), kept->death_signal);
}

static int prepare_self(const struct child_exec *exec, enum child_stage *ret_stage)
{
	const struct child_spec *spec = exec->spec;
	int r;

	/* Restore the limits before switching the user: raising a limit takes privilege. */
	*ret_stage = CHILD_STAGE_LIMIT;
	if (spec->limits && rlimits_restore(spec->limits) < 0)
		return -errno;
	restore_scheduling(&exec->kept);
	if (spec->user && !spec->user->current) {
		r = become(spec->user, ret_stage);
		if (r < 0)
			return r;
	}
	restore_kept(&exec->kept);
	if (exec->ignore_sigchld)
		signal(SIGCHLD, SIG_IGN);
	/* Set the mask last: a pending signal now ends the command, as if it were running. */
	if (spec->sigmask)
		signals_set_mask(spec->sigmask);
	return 0;
}

void child_exec_run(struct child_exec *exec)
{
	struct child_exec_failure failure;
	ssize_t n;
	char go;

	/* Close our copies, so that read() sees end of file when the caller dies. */
	for (size_t i = 0; i < ARRAY_SIZE(exec->other_fds); i++)
		close(exec->other_fds[i]);
	do {
		n = read(exec->go_fd, &go, 1);
	} while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(125);

	failure.err = -prepare_self(exec, &failure.stage);
	if (failure.err == 0) {
		failure.stage = CHILD_STAGE_EXEC;
		failure.err = -try_paths(exec);
	}
	n = write(exec->result_fd, &failure, sizeof(failure));
	_exit(n < 0 ? 125 : 126);
}
