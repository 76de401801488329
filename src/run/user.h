/* Look up the user that the command runs as (--user NAME|UID[:GID]), before anything is started */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct user_spec {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* all supplementary groups, including gid */
	size_t ngroups;
	char *name; /* for USER and LOGNAME; the UID in digits if there is no entry */
	char *home; /* for HOME; "/" if there is no entry or the entry has none */
	char *shell; /* for SHELL; "/bin/sh" if there is no entry or the entry has none */
	bool current; /* it is our own user and we cannot switch: nothing to do */
};

/*
 * Splits "USER[:GROUP]". *ret_group is NULL without a colon. The caller frees both. Returns 0, or
 * -EINVAL if a half is empty or there is a second colon. Pure function.
 */
int user_split(const char *text, char **ret_user, char **ret_group);

/*
 * Parses a UID or GID in digits. Returns -EINVAL for anything else, and -ERANGE if the number does
 * not fit or is 4294967295, which setresuid(2) takes as "do not change". Pure function.
 */
int user_parse_id(const char *text, unsigned *ret);

/*
 * Looks up text in the user and group databases: first as a name, then as digits, as chown(1) does
 * (POSIX). Without GROUP, takes the login group of the user. A UID without an entry needs a GROUP,
 * as in chroot(8): it has no group of its own and must not keep ours; GROUP is then its only group.
 * Looks up supplementary groups too, so that the child opens no file: those of the databases, and
 * those of the nearest process above us that runs as this user.
 *
 * Without CAP_SETUID and CAP_SETGID, accepts only the current user and sets "current". Returns 0,
 * or -errno with *ret empty and *ret_message a message for the user, which the caller frees.
 */
int user_resolve(const char *text, struct user_spec *ret, char **ret_message);

void user_free(struct user_spec *user);
