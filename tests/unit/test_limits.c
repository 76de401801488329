/* Tests of run/limits: what it parses, and what it finds in hierarchies that are made of plain files */
#include "run/limits.h"

#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "tap.h"

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

static void test_cpu_max(void)
{
	double share = 0;

	is_int(limits_parse_cpu_max("150000 100000\n", &share), 0);
	ok(near(share, 1.5));
	is_int(limits_parse_cpu_max("max 100000\n", &share), 0);
	ok(isnan(share));
	is_int(limits_parse_cpu_max("20000 100000", &share), 0);
	ok(near(share, 0.2));
	is_int(limits_parse_cpu_max("20000\n", &share), -EINVAL);
	is_int(limits_parse_cpu_max("20000 0\n", &share), -EINVAL);
	is_int(limits_parse_cpu_max("-1 100000\n", &share), -EINVAL);
	is_int(limits_parse_cpu_max("", &share), -EINVAL);
}

static void test_key(void)
{
	static const char text[] = "max_usage 9\nmax 12\noom 3\noom_kill 4\nodd x\n";
	uint64_t value = 0;

	is_int(limits_parse_key(text, "max", &value), 0);
	is_u64(value, 12);
	is_int(limits_parse_key(text, "oom_kill", &value), 0);
	is_u64(value, 4);
	is_int(limits_parse_key(text, "odd", &value), -EINVAL);
	is_int(limits_parse_key(text, "oom_", &value), -ENOENT);
	is_int(limits_parse_key("", "max", &value), -ENOENT);
}

/* -- Hierarchies ------------------------------------------------------------------------------- */

static char root[] = "/tmp/test-limits-XXXXXX";

static void put(const char *dir, const char *name, const char *text)
{
	_cleanup_free_ char *path = xasprintf("%s%s/%s", root, dir, name);
	_cleanup_fclose_ FILE *file = fopen(path, "we");

	if (file)
		fputs(text, file);
}

static void make_cgroup(const char *dir)
{
	_cleanup_free_ char *path = xasprintf("%s%s", root, dir);

	mkdir(path, 0700);
	put(dir, "cgroup.procs", "");
}

static struct limits begin(unsigned version, const char *dir)
{
	_cleanup_free_ char *path = xasprintf("%s%s", root, dir);
	struct limits limits = {0};

	limits_add(&limits, version, path, dir);
	return limits;
}

static void test_v2(void)
{
	struct limit_facts facts = {0};
	struct limits limits;

	make_cgroup("/two");
	make_cgroup("/two/a");
	make_cgroup("/two/a/b");
	put("/two", "cpu.stat", "usage_usec 1\n"); /* as the root's: no quota can be there */
	put("/two/a", "cpu.max", "50000 100000\n");
	put("/two/a", "cpu.stat",
	    "usage_usec 1\nnr_periods 10\nnr_throttled 5\nthrottled_usec 70\n");
	put("/two/a", "memory.max", "4096000\n");
	put("/two/a", "memory.events", "low 0\nhigh 0\nmax 3\noom 0\noom_kill 1\n");
	put("/two/a/b", "cpu.max", "max 100000\n");
	put("/two/a/b", "cpu.stat", "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n");
	put("/two/a/b", "memory.max", "max\n");
	put("/two/a/b", "memory.events", "max 0\noom_kill 0\n");

	limits = begin(2, "/two/a/b");
	is_u64(limits.count, 3);
	is_str(limits.cgroups[2].path, "/two");
	limits_stop(&limits, &facts);
	is_u64(facts.throttling_count, 1);
	is_str(facts.throttling[0].cgroup, "/two/a");
	is_u64(facts.throttling[0].version, 2);
	ok(near(facts.throttling[0].quota_share, 0.5));
	is_u64(facts.throttling[0].periods, 0);
	is_u64(facts.memory_count, 1);
	ok(facts.memory[0].limited);
	is_u64(facts.memory[0].limit_bytes, 4096000);

	/* The outer one throttles, and a quota came and went inside it. */
	put("/two/a", "cpu.stat", "nr_periods 30\nnr_throttled 12\nthrottled_usec 90\n");
	put("/two/a/b", "cpu.stat", "nr_periods 4\nnr_throttled 2\nthrottled_usec 9\n");
	put("/two/a", "memory.events", "max 8\noom_kill 3\n");
	put("/two/a/b", "memory.max", "8192\n");
	limits_stop(&limits, &facts);
	is_u64(facts.throttling_count, 2);
	is_str(facts.throttling[0].cgroup, "/two/a/b");
	ok(isnan(facts.throttling[0].quota_share));
	is_u64(facts.throttling[0].throttled_ns, 9000);
	is_str(facts.throttling[1].cgroup, "/two/a");
	is_u64(facts.throttling[1].periods, 20);
	is_u64(facts.throttling[1].throttled_periods, 7);
	is_u64(facts.throttling[1].throttled_ns, 20000);
	is_u64(facts.memory_count, 2);
	is_u64(facts.memory[0].limit_bytes, 8192);
	is_u64(facts.memory[1].max_events, 5);
	is_u64(facts.memory[1].oom_kills, 2);

	/* Another cgroup of that name, and one that is gone */
	put("/two/a", "cpu.stat", "nr_periods 1\nnr_throttled 0\nthrottled_usec 0\n");
	put("/two/a", "memory.events", "max 0\noom_kill 0\n");
	put("/two/a/b", "cpu.stat", "");
	put("/two/a/b", "memory.max", "");
	limits_stop(&limits, &facts);
	is_u64(facts.throttling_count, 0);
	is_u64(facts.memory_count, 0);
	limit_facts_done(&facts);
	limits_done(&limits);
}

static void test_v1(void)
{
	struct limit_facts facts = {0};
	struct limits limits;

	make_cgroup("/one");
	make_cgroup("/one/a");
	put("/one", "cpu.cfs_quota_us", "-1\n");
	put("/one", "cpu.cfs_period_us", "100000\n");
	put("/one", "cpu.stat", "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n");
	put("/one", "memory.limit_in_bytes", "9223372036854771712\n");
	put("/one", "memory.failcnt", "0\n");
	put("/one", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
	put("/one/a", "cpu.cfs_quota_us", "5000\n");
	put("/one/a", "cpu.cfs_period_us", "50000\n");
	put("/one/a", "cpu.stat", "nr_periods 3\nnr_throttled 2\nthrottled_time 40\n");
	put("/one/a", "memory.limit_in_bytes", "4096\n");
	put("/one/a", "memory.failcnt", "7\n");
	put("/one/a", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");

	limits = begin(1, "/one/a");
	put("/one/a", "cpu.stat", "nr_periods 9\nnr_throttled 4\nthrottled_time 55\n");
	put("/one/a", "memory.failcnt", "9\n");
	put("/one/a", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
	limits_stop(&limits, &facts);
	is_u64(facts.throttling_count, 1);
	is_str(facts.throttling[0].cgroup, "/one/a");
	is_u64(facts.throttling[0].version, 1);
	ok(near(facts.throttling[0].quota_share, 0.1));
	is_u64(facts.throttling[0].periods, 6);
	is_u64(facts.throttling[0].throttled_ns, 15);
	is_u64(facts.memory_count, 1);
	is_u64(facts.memory[0].limit_bytes, 4096);
	is_u64(facts.memory[0].max_events, 2);
	is_u64(facts.memory[0].oom_kills, 1);
	limit_facts_done(&facts);
	limits_done(&limits);
}

/* A cgroup at the root of its hierarchy, below a mount of a part of one, and nowhere at all */
static void test_levels(void)
{
	_cleanup_free_ char *top = xasprintf("%s/top", root), *part = xasprintf("%s/top/x", root);
	struct limits limits = {0};

	make_cgroup("/top");
	make_cgroup("/top/x");
	limits_add(&limits, 2, top, "/");
	is_u64(limits.count, 1);
	is_str(limits.cgroups[0].path, "/");
	limits_done(&limits);

	limits_add(&limits, 2, part, "/x");
	is_u64(limits.count, 2);
	is_str(limits.cgroups[1].path, "/");
	limits_done(&limits);

	limits_add(&limits, 2, part, "/docker/c0ffee/x");
	is_u64(limits.count, 2);
	is_str(limits.cgroups[1].path, "/docker/c0ffee");
	limits_done(&limits);

	limits_add(&limits, 2, root, "/");
	is_u64(limits.count, 0);
	limits_done(&limits);
}

static void test_here(void)
{
	uint64_t cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
	struct limit_facts facts = {0};
	struct limits limits;

	limits_start(&CGROUP_NONE, &limits);
	limits_stop(&limits, &facts);
	cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns;
	printf("# %zu cgroups take %.0f us of CPU time, start and end\n", limits.count,
	       (double)cpu_ns / 1000);
	for (size_t i = 0; i < limits.count; i++)
		okf(limits.cgroups[i].path[0] == '/', "v%u: %s", limits.cgroups[i].version,
		    limits.cgroups[i].dir);
	limit_facts_done(&facts);
	limits_done(&limits);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int main(void)
{
	ok(mkdtemp(root));
	test_cpu_max();
	test_key();
	test_v2();
	test_v1();
	test_levels();
	test_here();
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return tap_done();
}
