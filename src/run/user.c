/* Look up the user that the command runs as (--user NAME|UID[:GID]), before anything is started */
#include "run/user.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "system/procfs.h"
#include "system/passwd.h"

#define ENTRY_BYTES     1024
#define ENTRY_MAX_BYTES ((size_t)1024 * 1024)

void user_free(struct user_spec *user)
{
	free(user->groups);
	free(user->name);
	free(user->home);
	free(user->shell);
	*user = (struct user_spec){0};
}

int user_split(const char *text, char **ret_user, char **ret_group)
{
	const char *colon = strchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : strlen(text);

	if (length == 0 || (colon && (colon[1] == '\0' || strchr(colon + 1, ':'))))
		return -EINVAL;
	*ret_user = xstrndup(text, length);
	*ret_group = colon ? xstrdup(colon + 1) : NULL;
	return 0;
}

int user_parse_id(const char *text, unsigned *ret)
{
	uint64_t value;
	int r;

	r = parse_u64(text, &value);
	if (r < 0)
		return r;
	if (value >= UINT32_MAX)
		return -ERANGE;
	*ret = (unsigned)value;
	return 0;
}

/* -- The databases ---------------------------------------------------------------------------- */

/* Errors other than 0 that stand for "no such entry" (getpwnam(3), ERRORS) */
static bool means_not_found(int err)
{
	return err == ENOENT || err == ESRCH || err == EBADF || err == EPERM;
}

/*
 * Fills in uid, gid, name, home and shell, by name, or by uid if name is NULL. Returns 1, 0 if
 * there is no such entry, or -errno.
 */
static int find_user(const char *name, uid_t uid, struct user_spec *ret)
{
	_cleanup_free_ char *buffer = NULL;
	struct passwd entry, *found = NULL;
	int err = ERANGE;

	for (size_t n = ENTRY_BYTES; err == ERANGE && n <= ENTRY_MAX_BYTES; n *= 2) {
		buffer = xrealloc(buffer, n);
		err = name ? getpwnam_r(name, &entry, buffer, n, &found)
			   : getpwuid_r(uid, &entry, buffer, n, &found);
	}
	if (!found)
		return err == 0 || means_not_found(err) ? 0 : -err;
	ret->uid = entry.pw_uid;
	ret->gid = entry.pw_gid;
	ret->name = xstrdup(entry.pw_name);
	ret->home = xstrdup(entry.pw_dir && *entry.pw_dir ? entry.pw_dir : "/");
	ret->shell = xstrdup(entry.pw_shell && *entry.pw_shell ? entry.pw_shell : "/bin/sh");
	return 1;
}

static int find_group(const char *name, gid_t *ret)
{
	_cleanup_free_ char *buffer = NULL;
	struct group entry, *found = NULL;
	int err = ERANGE;

	for (size_t n = ENTRY_BYTES; err == ERANGE && n <= ENTRY_MAX_BYTES; n *= 2) {
		buffer = xrealloc(buffer, n);
		err = getgrnam_r(name, &entry, buffer, n, &found);
	}
	if (!found)
		return err == 0 || means_not_found(err) ? 0 : -err;
	*ret = entry.gr_gid;
	return 1;
}

static void list_groups(struct user_spec *user)
{
	int room = 32;

	for (;;) {
		int n = room;

		user->groups = xreallocarray(user->groups, (size_t)room, sizeof(*user->groups));
		if (getgrouplist(user->name, user->gid, user->groups, &n) >= 0) {
			user->ngroups = (size_t)n;
			return;
		}
		/* glibc sets n to the needed number; other libraries do not. */
		room = MAX(n, room * 2);
	}
}

static void only_group(struct user_spec *user)
{
	user->groups = xcalloc(1, sizeof(*user->groups));
	user->groups[0] = user->gid;
	user->ngroups = 1;
}

static void add_group(struct user_spec *user, gid_t gid)
{
	for (size_t i = 0; i < user->ngroups; i++)
		if (user->groups[i] == gid)
			return;
	user->groups = xreallocarray(user->groups, user->ngroups + 1, sizeof(*user->groups));
	user->groups[user->ngroups++] = gid;
}

/* Returns whether UIDs and GIDs mean the same in both processes. */
static bool shares_user_namespace(pid_t number)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/ns/user", (int)number);
	struct stat theirs, ours;

	return stat(path, &theirs) == 0 && stat("/proc/self/ns/user", &ours) == 0 &&
	       theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
}

/* Adds the group IDs in a line of /proc/PID/status. */
static void add_groups(struct user_spec *user, const char *line)
{
	_cleanup_free_ char *numbers = xstrndup(line, strcspn(line, "\n"));
	char *state = NULL;

	for (char *s = strtok_r(numbers, " \t", &state); s; s = strtok_r(NULL, " \t", &state))
		add_group(user, (gid_t)strtoul(s, NULL, 10));
}

/*
 * Whether real and effective UID are the user's. A process that a set-user-ID program like sudo(8) runs in has the
 * user's real UID, and already root's groups.
 */
static bool is_of_user(const char *line, uid_t uid)
{
	char *rest;
	unsigned long real = strtoul(line, &rest, 10), effective = strtoul(rest, NULL, 10);

	return real == uid && effective == uid;
}

/*
 * A user who runs "sudo latwrap -u me" may have groups that a static program cannot look up (LDAP),
 * or that are in no database (--group-add of a container, newgrp(1)); bare, the command would have
 * them. sudo has replaced them by the groups of root, so read them from the nearest process above
 * us that runs as this user.
 */
static void add_session_groups(struct user_spec *user)
{
	pid_t number = procfs_number(getpid());

	while ((number = procfs_parent(number)) > 0) {
		_cleanup_free_ char *path = xasprintf("/proc/%d/status", (int)number);
		_cleanup_free_ char *status = NULL;
		const char *uid, *groups;

		if (read_file(path, &status, NULL) < 0)
			return;
		uid = strstr(status, "\nUid:\t");
		groups = strstr(status, "\nGroups:\t");
		if (!uid || !groups || !is_of_user(uid + strlen("\nUid:\t"), user->uid))
			continue;
		if (shares_user_namespace(number))
			add_groups(user, groups + strlen("\nGroups:\t"));
		return;
	}
}

/* -- Permission ------------------------------------------------------------------------------- */

static bool can_switch(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
	const unsigned needed = 1U << CAP_SETUID | 1U << CAP_SETGID;

	return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & needed) == needed;
}

static bool is_current(const struct user_spec *user, bool group_given)
{
	return user->uid == getuid() && user->uid == geteuid() &&
	       (!group_given || (user->gid == getgid() && user->gid == getegid()));
}

/* -- All of it -------------------------------------------------------------------------------- */

static int resolve_user(const char *text, const char *name, bool group_given, struct user_spec *ret,
			bool *ret_entry, char **ret_message)
{
	unsigned id;
	int r;

	r = find_user(name, 0, ret);
	if (r == 0) {
		r = user_parse_id(name, &id);
		if (r == -EINVAL) {
			*ret_message = xasprintf("--user '%s': there is no user '%s': see 'getent "
						 "passwd' for the names, or give a UID:GID",
						 text, name);
			return -ENOENT;
		}
		if (r < 0) {
			*ret_message = xasprintf("--user '%s': '%s' is not a UID: the largest "
						 "is 4294967294",
						 text, name);
			return r;
		}
		r = find_user(NULL, id, ret);
		if (r == 0)
			ret->uid = id;
	}
	if (r < 0) {
		*ret_message = xasprintf("--user '%s': the user database cannot be read: %s", text,
					 strerror(-r));
		return r;
	}
	*ret_entry = r > 0;
	if (*ret_entry)
		return 0;
	if (!group_given) {
		*ret_message = xasprintf("--user '%s': the UID %s has no entry in the user "
					 "database and no group: add one, %s:GID",
					 text, name, name);
		return -ENOENT;
	}
	ret->name = xasprintf("%u", ret->uid);
	ret->home = xstrdup("/");
	ret->shell = xstrdup("/bin/sh");
	return 0;
}

static int resolve_group(const char *text, const char *name, gid_t *ret, char **ret_message)
{
	unsigned id;
	int r;

	r = find_group(name, ret);
	if (r > 0)
		return 0;
	if (r < 0) {
		*ret_message = xasprintf("--user '%s': the group database cannot be read: %s", text,
					 strerror(-r));
		return r;
	}
	r = user_parse_id(name, &id);
	if (r == 0) {
		*ret = id;
		return 0;
	}
	if (r == -EINVAL) {
		*ret_message = xasprintf("--user '%s': there is no group '%s': see 'getent group' "
					 "for the names, or give a GID",
					 text, name);
		return -ENOENT;
	}
	*ret_message =
		xasprintf("--user '%s': '%s' is not a GID: the largest is 4294967294", text, name);
	return r;
}

static int resolve(const char *text, struct user_spec *user, char **ret_message)
{
	_cleanup_free_ char *user_name = NULL, *group_name = NULL;
	bool entry = false;
	int r;

	r = user_split(text, &user_name, &group_name);
	if (r < 0) {
		*ret_message = xasprintf("--user '%s': write it as NAME, UID, NAME:GROUP or "
					 "UID:GID",
					 text);
		return r;
	}
	r = resolve_user(text, user_name, group_name != NULL, user, &entry, ret_message);
	if (r < 0)
		return r;
	if (group_name) {
		r = resolve_group(text, group_name, &user->gid, ret_message);
		if (r < 0)
			return r;
	}
	if (!can_switch()) {
		user->current = is_current(user, group_name != NULL);
		if (!user->current) {
			*ret_message = xasprintf("--user '%s': only root may run a command as "
						 "another user: run latwrap with sudo",
						 text);
			return -EPERM;
		}
		user->gid = getegid();
	}
	if (entry)
		list_groups(user);
	else
		only_group(user);
	if (user->uid != 0)
		add_session_groups(user);
	return 0;
}

int user_resolve(const char *text, struct user_spec *ret, char **ret_message)
{
	struct user_spec user = {0};
	int r;

	*ret = user;
	*ret_message = NULL;
	passwd_leave_out_modules();
	r = resolve(text, &user, ret_message);
	if (r < 0) {
		user_free(&user);
		return r;
	}
	*ret = user;
	return 0;
}
