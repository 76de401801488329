/* Tests of report/target: a file in one piece or not at all, and with whose rights it is written */
#include "report/target.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

#define USER  UINT32_C(12345)
#define GROUP UINT32_C(23456)

static char top[] = "/tmp/latwrap-target-XXXXXX";

static int print_text(FILE *out, void *userdata)
{
	fputs(userdata, out);
	return 0;
}

static int give_up(FILE *out, void *userdata)
{
	(void)userdata;
	fputs("half", out);
	return -ECANCELED;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* A directory of its own for a case; its path is relative to the working directory, top. */
static const char *directory(const char *name, uid_t uid, mode_t mode)
{
	if (mkdir(name, 0700) < 0 || chown(name, uid, (gid_t)-1) < 0 || chmod(name, mode) < 0)
		perror(name);
	return name;
}

static unsigned int count_entries(const char *path)
{
	_cleanup_free_ char *command = xasprintf("ls -A %s | wc -l", path);
	FILE *pipe = popen(command, "re");
	unsigned int n = 0;

	if (!pipe || fscanf(pipe, "%u", &n) != 1)
		n = UINT32_MAX;
	if (pipe)
		pclose(pipe);
	return n;
}

static bool holds(const char *path, const char *expected)
{
	_cleanup_free_ char *text = NULL;

	return read_file(path, &text, NULL) == 0 && streq(text, expected);
}

static bool belongs_to(const char *path, uid_t uid, gid_t gid)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_uid == uid && st.st_gid == gid;
}

static int write_text(const char *path, uid_t uid, gid_t gid, const char *text)
{
	_cleanup_(report_target_closep) struct report_target *target = NULL;
	int r = report_target_open(path, uid, gid, &target);

	return r < 0 ? r : report_target_write(target, print_text, (void *)text);
}

/* -- By nobody in particular --------------------------------------------------------------------- */

static void test_replace(void)
{
	_cleanup_(report_target_closep) struct report_target *target = NULL;
	struct stat st;

	directory("replace", getuid(), 0755);
	is_int(report_target_open("replace/r", (uid_t)-1, (gid_t)-1, &target), 0);
	ok(!report_target_is_stream(target));
	okf(count_entries("replace") == 0, "opening a target writes nothing");
	is_int(report_target_write(target, print_text, (void *)"one"), 0);
	ok(holds("replace/r", "one"));
	is_int(report_target_write(target, print_text, (void *)"two"), 0);
	ok(holds("replace/r", "two"));
	ok(lstat("replace/r", &st) == 0 && (st.st_mode & 07777) == 0644);

	is_int(report_target_write(target, give_up, NULL), -ECANCELED);
	okf(holds("replace/r", "two"), "a failure leaves the old file");
	okf(count_entries("replace") == 1, "and no other");
}

static void test_long_name(void)
{
	_cleanup_free_ char *longer = NULL;
	char name[256] = "";

	memset(name, 'n', 255);
	is_int(write_text(name, (uid_t)-1, (gid_t)-1, "x"), 0);
	ok(holds(name, "x"));
	longer = xasprintf("%sn", name);
	is_int(write_text(longer, (uid_t)-1, (gid_t)-1, "x"), -ENAMETOOLONG);
}

static void test_directory_that_comes_and_goes(void)
{
	_cleanup_(report_target_closep) struct report_target *target = NULL;

	is_int(report_target_open("late/r", (uid_t)-1, (gid_t)-1, &target), 0);
	is_int(report_target_write(target, print_text, (void *)"x"), -ENOENT);
	directory("late", getuid(), 0755);
	is_int(report_target_write(target, print_text, (void *)"x"), 0);
	ok(unlink("late/r") == 0 && rmdir("late") == 0);
	directory("late", getuid(), 0755);
	is_int(report_target_write(target, print_text, (void *)"again"), 0);
	ok(holds("late/r", "again"));
}

static void test_special(void)
{
	_cleanup_(report_target_closep) struct report_target *target = NULL;
	int ends[2], flags;
	char buf[16] = "", *path;

	is_int(report_target_open("/dev/null", (uid_t)-1, (gid_t)-1, &target), 0);
	ok(report_target_is_stream(target));
	target = report_target_close(target);

	/* A pipe that somebody has made non-blocking, and whose reader has left at last. */
	ok(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
	path = xasprintf("/dev/fd/%d", ends[1]);
	is_int(report_target_open(path, (uid_t)-1, (gid_t)-1, &target), 0);
	ok(report_target_is_stream(target));
	is_int(report_target_write(target, print_text, (void *)"stream"), 0);
	ok(read(ends[0], buf, sizeof(buf)) == 6 && streq(buf, "stream"));
	flags = fcntl(ends[1], F_GETFL);
	okf(flags & O_NONBLOCK, "the pipe is as it was");
	close(ends[0]);
	is_int(report_target_write(target, print_text, (void *)"stream"), -EPIPE);
	close(ends[1]);
	free(path);

	is_int(write_text("/dev/fd/999", (uid_t)-1, (gid_t)-1, "x"), -EBADF);
	is_int(write_text(".", (uid_t)-1, (gid_t)-1, "x"), -EISDIR);
}

/* -- By root for a user -------------------------------------------------------------------------- */

static void test_user_directory(void)
{
	directory("user", USER, 0700);
	is_int(write_text("user/r", USER, GROUP, "x"), 0);
	ok(belongs_to("user/r", USER, GROUP));
	/* Root's own file in the user's directory may be replaced by the user. */
	is_int(write_text("user/r", (uid_t)-1, (gid_t)-1, "x"), 0);
	ok(belongs_to("user/r", 0, getegid()));
	is_int(write_text("user/r", USER, GROUP, "x"), 0);
	ok(belongs_to("user/r", USER, GROUP));
	okf(geteuid() == 0 && access("/proc/1/environ", R_OK) == 0, "root's rights are back");
}

static void test_root_directory(void)
{
	directory("root", 0, 0755);
	is_int(write_text("root/r", USER, GROUP, "x"), 0);
	okf(belongs_to("root/r", USER, GROUP), "the file is the user's all the same");

	/* Reached through a link, which may be somebody's trap: not the user's. */
	ok(symlink("root", "link") == 0);
	is_int(write_text("link/r2", USER, GROUP, "x"), 0);
	ok(belongs_to("root/r2", 0, getegid()));
}

static void test_sticky_directory(void)
{
	directory("sticky", 0, 01777);
	is_int(write_text("sticky/r", (uid_t)-1, (gid_t)-1, "old"), 0);
	is_int(write_text("sticky/r", USER, GROUP, "new"), 0);
	ok(holds("sticky/r", "new"));
	ok(belongs_to("sticky/r", USER, GROUP));
	okf(count_entries("sticky") == 1, "nothing else is left");
}

/* The command exchanges its directory for a link to one where only root may write. */
static void test_swapped_directory(void)
{
	_cleanup_(report_target_closep) struct report_target *target = NULL;

	directory("mine", USER, 0755);
	directory("roots", 0, 0755);
	is_int(report_target_open("mine/r", USER, GROUP, &target), 0);
	ok(rename("mine", "away") == 0 && symlink("roots", "mine") == 0);
	is_int(report_target_write(target, print_text, (void *)"x"), -EACCES);
	okf(count_entries("roots") == 0, "nothing was written there");
	target = report_target_close(target);

	/* Root's directory is pinned: a link in its place leads nowhere. */
	directory("theirs", 0, 0755);
	is_int(report_target_open("theirs/r", USER, GROUP, &target), 0);
	ok(rename("theirs", "theirs.old") == 0 && symlink("roots", "theirs") == 0);
	is_int(report_target_write(target, print_text, (void *)"x"), 0);
	ok(holds("theirs.old/r", "x"));
	okf(count_entries("roots") == 0, "nothing was written there");
	/* Once it is gone the path is followed, but with the user's rights. */
	ok(unlink("theirs.old/r") == 0 && rmdir("theirs.old") == 0);
	is_int(report_target_write(target, print_text, (void *)"x"), -EACCES);
	okf(count_entries("roots") == 0, "nothing was written there");
}

int main(void)
{
	if (!mkdtemp(top) || chmod(top, 0755) < 0 || chdir(top) < 0) {
		printf("Bail out! %s: %m\n", top);
		return 1;
	}
	umask(022);
	test_replace();
	test_long_name();
	test_directory_that_comes_and_goes();
	test_special();
	if (geteuid() == 0) {
		test_user_directory();
		test_root_directory();
		test_sticky_directory();
		test_swapped_directory();
	} else {
		okf(true, "writing for a user # SKIP needs root");
	}
	if (chdir("/") < 0 || nftw(top, remove_entry, 8, FTW_DEPTH | FTW_PHYS) < 0)
		printf("# %s: %m\n", top);
	return tap_done();
}
