/* Tests of run/user: the forms of --user and its numbers; lookups only of what every system has */
#include "run/user.h"

#include <errno.h>
#include <unistd.h>

#include "base/util.h"
#include "tap.h"

static void test_split(void)
{
	static const struct {
		const char *text, *user, *group;
	} good[] = {
		{"alice", "alice", NULL},
		{"1000", "1000", NULL},
		{"alice:staff", "alice", "staff"},
		{"1000:50", "1000", "50"},
	};
	static const char *const bad[] = {"", ":", "alice:", ":staff", "a:b:c", "a::"};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		_cleanup_free_ char *user = NULL, *group = NULL;

		is_int(user_split(good[i].text, &user, &group), 0);
		is_str(user, good[i].user);
		if (good[i].group)
			is_str(group, good[i].group);
		else
			ok(!group);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char *user = NULL, *group = NULL;

		okf(user_split(bad[i], &user, &group) == -EINVAL && !user && !group,
		    "refused: \"%s\"", bad[i]);
	}
}

static void test_parse_id(void)
{
	unsigned id = 1;

	is_int(user_parse_id("0", &id), 0);
	is_u64(id, 0);
	is_int(user_parse_id("4294967294", &id), 0);
	is_u64(id, 4294967294);
	/* To setresuid() this one means "leave it": the command would run as root. */
	is_int(user_parse_id("4294967295", &id), -ERANGE);
	is_int(user_parse_id("4294967296", &id), -ERANGE);
	is_int(user_parse_id("99999999999999999999", &id), -ERANGE);
	is_int(user_parse_id("-1", &id), -EINVAL);
	is_int(user_parse_id("+1", &id), -EINVAL);
	is_int(user_parse_id("0x10", &id), -EINVAL);
	is_int(user_parse_id("", &id), -EINVAL);
	is_u64(id, 4294967294);
}

static void test_refused(void)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"a:b:c", "--user 'a:b:c': write it as NAME, UID, NAME:GROUP or UID:GID"},
		{"no such user", "--user 'no such user': there is no user 'no such user': see "
				 "'getent passwd' for the names, or give a UID:GID"},
		{"4294967295", "--user '4294967295': '4294967295' is not a UID: the largest is "
			       "4294967294"},
		{"0:4294967295", "--user '0:4294967295': '4294967295' is not a GID: the largest "
				 "is 4294967294"},
		{"0:no such group", "--user '0:no such group': there is no group 'no such group': "
				    "see 'getent group' for the names, or give a GID"},
		{"4294967290", "--user '4294967290': the UID 4294967290 has no entry in the user "
			       "database and no group: add one, 4294967290:GID"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *message = NULL;
		struct user_spec user;

		okf(user_resolve(rows[i].text, &user, &message) < 0, "refused: \"%s\"",
		    rows[i].text);
		is_str(message, rows[i].message);
		ok(!user.name && !user.groups);
	}
}

/* Root has an entry everywhere; so that the test also runs without privilege, either end will do. */
static void test_accepted(void)
{
	_cleanup_free_ char *text = xasprintf("%u:%u", (unsigned)getuid(), (unsigned)getgid());
	_cleanup_free_ char *message = NULL;
	struct user_spec user;

	if (!ok(user_resolve(text, &user, &message) == 0)) {
		tap_print_string("message", message);
		return;
	}
	is_u64(user.uid, getuid());
	is_u64(user.gid, getgid());
	ok(user.name && *user.name);
	ok(user.home && *user.home);
	ok(user.shell && *user.shell);
	ok(user.ngroups >= 1);
	ok(geteuid() != 0 || !user.current);
	user_free(&user);

	if (geteuid() != 0) {
		ok(user_resolve("root", &user, &message) == -EPERM);
		return;
	}
	is_int(user_resolve("4294967290:7", &user, &message), 0);
	is_u64(user.uid, 4294967290);
	is_u64(user.gid, 7);
	is_u64(user.ngroups, 1);
	is_u64(user.groups[0], 7);
	is_str(user.name, "4294967290");
	is_str(user.home, "/");
	is_str(user.shell, "/bin/sh");
	user_free(&user);
}

int main(void)
{
	test_split();
	test_parse_id();
	test_refused();
	test_accepted();
	return tap_done();
}
