/* Who the command runs as: --user NAME|UID[:GID], looked up before anything is started */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct user_spec {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* all supplementary groups, gid among them */
	size_t ngroups;
	char *name; /* USER and LOGNAME; the UID in digits if it has no entry */
	char *home; /* HOME; "/" if there is no entry or it names none */
	char *shell; /* SHELL; "/bin/sh" likewise */
	bool current; /* it is who we are and we could not switch: nothing to do */
};

/*
 * The two halves of "USER[:GROUP]". *ret_group is NULL without a colon. The caller frees both.
 * -EINVAL if a half is empty or there is a second colon. Pure.
 */
int user_split(const char *text, char **ret_user, char **ret_group);

/*
 * A UID or GID in digits. -EINVAL if it is anything else, -ERANGE if it does not fit, or is
 * 4294967295, which setresuid(2) takes for "leave it as it is". Pure.
 */
int user_parse_id(const char *text, unsigned *ret);

/*
 * Looks text up in the user and group databases: a name first, and only then digits, as chown(1)
 * does (POSIX). Without a GROUP, the user's login group. A UID without an entry needs a GROUP, as
 * in chroot(8): it has none of its own, and must not keep ours. Its only group is then that one.
 * Supplementary groups are looked up here too, so that the child opens no file: those of the databases, and those
 * that a process of that user above us has.
 *
 * Without CAP_SETUID and CAP_SETGID only the current user is accepted, and "current" is set.
 * Returns 0 or -errno. On failure *ret_message is a sentence for the user, which the caller frees,
 * and *ret is empty.
 */
int user_resolve(const char *text, struct user_spec *ret, char **ret_message);

void user_free(struct user_spec *user);
