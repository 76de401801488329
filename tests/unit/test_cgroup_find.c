/* Tests of system/cgroup_find: own path, ancestry, and every shape of cgroup2 mount */
#include "system/cgroup_find.h"

#include <errno.h>

#include "base/util.h"
#include "tap.h"

#define HYBRID                                                                         \
	"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"          \
	"36 31 0:33 / /sys/fs/cgroup/devices rw shared:7 - cgroup cgroup rw,devices\n" \
	"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 master:2 - cgroup2 cgroup2 rw\n"

static void test_own_path(void)
{
	static const struct {
		const char *text, *path;
	} rows[] = {
		{"0::/\n", "/"},
		{"9:name=systemd:/x\n4:memory:/a\n0::/user.slice/a b\n", "/user.slice/a b"},
		{"0::/last line without newline", "/last line without newline"},
		{"10::/not/ours\n0::/../x\n", "/../x"},
		{"1:cpu:/0::/trap\n", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *path = NULL;
		int r = cgroup_own_path(rows[i].text, &path);

		if (rows[i].path)
			is_str(path, rows[i].path);
		else
			is_int(r, -ENOENT);
	}
}

static void test_v1_path(void)
{
	static const struct {
		const char *text, *controller, *path;
	} rows[] = {
		{"4:cpu,cpuacct:/a\n0::/b\n", "cpu", "/a"},
		{"4:cpu,cpuacct:/a\n0::/b\n", "cpuacct", "/a"},
		{"4:cpuacct:/a\n3:cpuset:/b\n12:cpu:/c d:e\n", "cpu", "/c d:e"},
		{"9:name=systemd:/x\n", "systemd", NULL},
		{"0::/4:cpu:/trap\n", "cpu", NULL},
		{"4:cpu\n:/a\n", "cpu", NULL},
		{"", "cpu", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *path = NULL;
		int r = cgroup_v1_own_path(rows[i].text, rows[i].controller, &path);

		if (rows[i].path)
			is_str(path, rows[i].path);
		else
			is_int(r, -ENOENT);
	}
}

static void check_v1_place(const char *mountinfo, const char *controller, const char *own_path,
			   const char *expected)
{
	struct cgroup_place *places = NULL;
	size_t count = 0;

	is_int(cgroup_v1_places(mountinfo, controller, own_path, &places, &count), 0);
	is_u64(count, expected != NULL);
	if (count > 0 && expected)
		is_str(places[0].dir, expected);
	cgroup_places_free(places, count);
}

static void test_v1_places(void)
{
	check_v1_place(HYBRID, "devices", "/a", "/sys/fs/cgroup/devices/a");
	check_v1_place(HYBRID, "cpu", "/a", NULL);
	check_v1_place("1 0 0:26 / /c rw - cgroup cgroup rw,cpu,cpuacct\n", "cpu", "/", "/c");
	check_v1_place("1 0 0:26 / /c rw - cgroup cgroup rw,cpuset\n", "cpu", "/", NULL);
	check_v1_place("1 0 0:26 / /c rw - cgroup2 cgroup rw,cpu\n", "cpu", "/", NULL);
}

static void test_within(void)
{
	ok(cgroup_path_within("/a/b", "/"));
	ok(cgroup_path_within("/", "/"));
	ok(cgroup_path_within("/a/b", "/a"));
	ok(cgroup_path_within("/a", "/a"));
	ok(!cgroup_path_within("/ab", "/a"));
	ok(!cgroup_path_within("/", "/a"));
	ok(!cgroup_path_within("/..a", "/.."));
	ok(cgroup_path_within("/../a", "/.."));
}

/* The mounts and directories that should come out, as "ID:DIR" with "(ro)", joined by spaces. */
static void check_places(const char *mountinfo, const char *own_path, const char *expected)
{
	_cleanup_free_ char *got = xstrdup("");
	struct cgroup_place *places = NULL;
	size_t count = 0;

	is_int(cgroup_places(mountinfo, own_path, &places, &count), 0);
	for (size_t i = 0; i < count; i++) {
		char *longer = xasprintf("%s%s%d:%s%s", got, i ? " " : "", places[i].mount_id,
					 places[i].dir, places[i].read_only ? "(ro)" : "");

		free(got);
		got = longer;
	}
	is_str(got, expected);
	cgroup_places_free(places, count);
}

static void test_places(void)
{
	check_places(HYBRID, "/", "41:/sys/fs/cgroup/unified");
	check_places(HYBRID, "/a/b c", "41:/sys/fs/cgroup/unified/a/b c");
	check_places("30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n", "/u.slice",
		     "30:/sys/fs/cgroup/u.slice");
	/* A root other than "/" is cut off; a mount of another part is none of ours. */
	check_places("1 0 0:26 /docker/x /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n"
		     "2 0 0:26 /docker/xy /mnt rw - cgroup2 cgroup2 rw\n",
		     "/docker/x/in", "1:/sys/fs/cgroup/in(ro)");
	check_places("1 0 0:26 /docker/x /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "/docker/x",
		     "1:/sys/fs/cgroup");
	check_places("1 0 0:26 /.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "/", "");
	/* Writable ones first, each group in order; read-only by the mount or by the file system. */
	check_places("1 0 0:26 / /a ro,nosuid - cgroup2 none rw\n"
		     "2 0 0:26 / /b rw - cgroup2 none ro\n"
		     "3 0 0:26 / /c rw,nosuid - cgroup2 none rw,nsdelegate\n"
		     "4 0 0:26 / /d rw,errors=remount-ro - cgroup2 none rw\n",
		     "/", "3:/c 4:/d 1:/a(ro) 2:/b(ro)");
}

static void test_escapes_and_scraps(void)
{
	check_places("1 0 0:26 / /with\\040space\\011tab\\134\\012 rw - cgroup2 none rw\n", "/p",
		     "1:/with space\ttab\\\n/p");
	check_places("1 0 0:26 /a\\040b /m rw - cgroup2 none rw\n", "/a b/c", "1:/m/c");
	check_places("1 0 0:26 / /trailing\\04 rw - cgroup2 none rw\n", "/", "1:/trailing\\04");
	check_places("1 0 0:26 / /no/end rw\n"
		     "1 0\n"
		     "\n"
		     "x 0 0:26 / /no/id rw - cgroup2 none rw\n"
		     "99999999999 0 0:26 / /no/id rw - cgroup2 none rw\n"
		     "1 0 0:26 / /v1 rw - cgroup none rw\n"
		     "7 0 0:26 / /ok rw a b c d e f - cgroup2 none rw\n",
		     "/", "7:/ok");
	check_places("", "/", "");
}

static void test_outside(void)
{
	struct cgroup_place *places;
	size_t count;

	is_int(cgroup_places("1 0 0:26 /.. /m rw - cgroup2 none rw\n", "/../x", &places, &count),
	       -EXDEV);
	is_int(cgroup_places(HYBRID, "/..", &places, &count), -EXDEV);
	check_places(HYBRID, "/..x", "41:/sys/fs/cgroup/unified/..x");
}

int main(void)
{
	test_own_path();
	test_v1_path();
	test_v1_places();
	test_within();
	test_places();
	test_escapes_and_scraps();
	test_outside();
	ok(cgroup_mounted(HYBRID));
	ok(!cgroup_mounted("1 0 0:26 / /v1 rw - cgroup none rw\n"));
	return tap_done();
}
