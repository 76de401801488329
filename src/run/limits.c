/* Read the CPU quotas and memory limits of the cgroups of a run, and their effects */
#include "run/limits.h"

#include <errno.h>
#include <linux/magic.h>
#include <math.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/util.h"
#include "system/cgroup_find.h"

#define LEVELS_MAX 32

/* -- Text -------------------------------------------------------------------------------------- */

/* Returns the first line up to its first blank; the caller frees it. */
static char *first_word(const char *text)
{
	return xstrndup(text, strcspn(text, " \n"));
}

int limits_parse_key(const char *text, const char *key, uint64_t *ret)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *p = startswith(line, key);
		_cleanup_free_ char *value = NULL;

		if (!p || *p != ' ')
			continue;
		value = first_word(p + 1);
		return parse_u64(value, ret);
	}
	return -ENOENT;
}

int limits_parse_cpu_max(const char *text, double *ret_share)
{
	_cleanup_free_ char *quota = first_word(text), *period = NULL;
	uint64_t quota_us, period_us;

	if (text[strlen(quota)] != ' ')
		return -EINVAL;
	period = first_word(text + strlen(quota) + 1);
	if (parse_u64(period, &period_us) < 0 || period_us == 0)
		return -EINVAL;
	*ret_share = NAN;
	if (streq(quota, "max"))
		return 0;
	if (parse_u64(quota, &quota_us) < 0)
		return -EINVAL;
	*ret_share = (double)quota_us / (double)period_us;
	return 0;
}

/* -- Files ------------------------------------------------------------------------------------- */

static char *read_in(const char *dir, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	char *text = NULL;

	return read_file(path, &text, NULL) == 0 ? text : NULL;
}

static bool read_number(const char *dir, const char *name, uint64_t *ret)
{
	_cleanup_free_ char *text = read_in(dir, name), *word = text ? first_word(text) : NULL;

	return word && parse_u64(word, ret) == 0;
}

/* A quota of -1, like any other text that is not a number, means no quota. */
static bool read_v1_quota(const char *dir, double *ret_share)
{
	uint64_t quota_us, period_us;

	*ret_share = NAN;
	if (!read_number(dir, "cpu.cfs_period_us", &period_us) || period_us == 0)
		return false;
	if (read_number(dir, "cpu.cfs_quota_us", &quota_us))
		*ret_share = (double)quota_us / (double)period_us;
	return true;
}

static bool read_v2_quota(const char *dir, double *ret_share)
{
	_cleanup_free_ char *text = read_in(dir, "cpu.max");

	return text && limits_parse_cpu_max(text, ret_share) == 0;
}

static void read_quota(const struct limits_cgroup *cgroup, struct quota_reading *ret)
{
	bool v1 = cgroup->version == 1;
	_cleanup_free_ char *stat = NULL;
	uint64_t throttled, unit_ns = v1 ? 1 : NSEC_PER_USEC;

	*ret = (struct quota_reading){0};
	if (!(v1 ? read_v1_quota : read_v2_quota)(cgroup->dir, &ret->quota_share))
		return;
	stat = read_in(cgroup->dir, "cpu.stat");
	ret->known = stat && limits_parse_key(stat, "nr_periods", &ret->periods) == 0 &&
		     limits_parse_key(stat, "nr_throttled", &ret->throttled_periods) == 0 &&
		     limits_parse_key(stat, v1 ? "throttled_time" : "throttled_usec", &throttled) ==
			     0 &&
		     !__builtin_mul_overflow(throttled, unit_ns, &ret->throttled_ns);
}

static void read_v1_memory(const char *dir, struct memory_reading *ret)
{
	_cleanup_free_ char *oom = NULL;

	if (!read_number(dir, "memory.limit_in_bytes", &ret->limit_bytes))
		return;
	/* Without a limit the file has LONG_MAX, rounded down to a page (mm/page_counter.c). */
	ret->limited = ret->limit_bytes < UINT64_C(1) << 62;
	oom = read_in(dir, "memory.oom_control");
	ret->known = read_number(dir, "memory.failcnt", &ret->max_events) && oom &&
		     limits_parse_key(oom, "oom_kill", &ret->oom_kills) == 0;
}

static void read_v2_memory(const char *dir, struct memory_reading *ret)
{
	_cleanup_free_ char *max = read_in(dir, "memory.max"), *word = NULL, *events = NULL;

	if (!max)
		return;
	word = first_word(max);
	ret->limited = parse_u64(word, &ret->limit_bytes) == 0;
	if (!ret->limited && !streq(word, "max"))
		return;
	events = read_in(dir, "memory.events");
	ret->known = events && limits_parse_key(events, "max", &ret->max_events) == 0 &&
		     limits_parse_key(events, "oom_kill", &ret->oom_kills) == 0;
}

static void read_memory(const struct limits_cgroup *cgroup, struct memory_reading *ret)
{
	*ret = (struct memory_reading){0};
	(cgroup->version == 1 ? read_v1_memory : read_v2_memory)(cgroup->dir, ret);
}

/* -- Which cgroups ----------------------------------------------------------------------------- */

static void add_one(struct limits *limits, unsigned version, const char *dir, const char *path)
{
	struct limits_cgroup *cgroup;

	limits->cgroups =
		xreallocarray(limits->cgroups, limits->count + 1, sizeof(*limits->cgroups));
	cgroup = &limits->cgroups[limits->count++];
	*cgroup = (struct limits_cgroup){
		.version = version, .dir = xstrdup(dir), .path = xstrdup(path)};
	read_quota(cgroup, &cgroup->quota);
	read_memory(cgroup, &cgroup->memory);
}

/* Removes the last component; "/" keeps its slash if keep_slash. */
static bool cut_last(char *path, bool keep_slash)
{
	char *slash = strrchr(path, '/');

	if (!slash || !slash[1])
		return false;
	slash[keep_slash && slash == path] = '\0';
	return true;
}

/* Each cgroup has cgroup.procs; the directory above the mount point has not. */
static bool is_cgroup(const char *dir)
{
	_cleanup_free_ char *procs = xasprintf("%s/cgroup.procs", dir);

	return access(procs, F_OK) == 0;
}

void limits_add(struct limits *limits, unsigned version, const char *dir, const char *path)
{
	_cleanup_free_ char *at_dir = xstrdup(dir), *at_path = xstrdup(path);

	for (int level = 0; level < LEVELS_MAX && is_cgroup(at_dir); level++) {
		add_one(limits, version, at_dir, at_path);
		if (!cut_last(at_path, true) || !cut_last(at_dir, false))
			break;
	}
}

static bool is_mounted(const char *dir, unsigned version)
{
	struct statfs fs;

	return statfs(dir, &fs) == 0 &&
	       fs.f_type == (version == 1 ? CGROUP_SUPER_MAGIC : CGROUP2_SUPER_MAGIC);
}

/*
 * Adds the cgroup of the caller in the hierarchy of this v1 controller; in v2 if controller is
 * NULL.
 */
static void add_own(struct limits *limits, const char *proc_cgroup, const char *mountinfo,
		    const char *controller)
{
	unsigned version = controller ? 1 : 2;
	_cleanup_free_ char *path = NULL;
	struct cgroup_place *places = NULL;
	size_t count = 0;

	if ((controller ? cgroup_v1_own_path(proc_cgroup, controller, &path)
			: cgroup_own_path(proc_cgroup, &path)) < 0)
		return;
	if ((controller ? cgroup_v1_places(mountinfo, controller, path, &places, &count)
			: cgroup_places(mountinfo, path, &places, &count)) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		if (is_mounted(places[i].dir, version)) {
			limits_add(limits, version, places[i].dir, path);
			break;
		}
	}
	cgroup_places_free(places, count);
}

void limits_start(const struct cgroup *cgroup, struct limits *ret)
{
	_cleanup_free_ char *proc_cgroup = NULL, *mountinfo = NULL;

	*ret = (struct limits){0};
	if (cgroup->fd >= 0)
		limits_add(ret, 2, cgroup->dir, cgroup->path);
	if (read_file("/proc/self/cgroup", &proc_cgroup, NULL) < 0 ||
	    read_file("/proc/self/mountinfo", &mountinfo, NULL) < 0)
		return;
	if (cgroup->fd < 0)
		add_own(ret, proc_cgroup, mountinfo, NULL);
	add_own(ret, proc_cgroup, mountinfo, "cpu");
	add_own(ret, proc_cgroup, mountinfo, "memory");
}

/* -- Over the run ------------------------------------------------------------------------------ */

static void compare_quota(const struct limits_cgroup *start, struct limit_facts *facts)
{
	const struct quota_reading *from = &start->quota;
	struct quota_reading until;
	struct throttling *row;

	if (!from->known)
		return;
	read_quota(start, &until);
	/* A counter decreased: another cgroup has the same path now. */
	if (!until.known || until.periods < from->periods ||
	    until.throttled_periods < from->throttled_periods ||
	    until.throttled_ns < from->throttled_ns)
		return;
	if (isnan(from->quota_share) && isnan(until.quota_share) &&
	    until.throttled_ns == from->throttled_ns)
		return;
	facts->throttling = xreallocarray(facts->throttling, facts->throttling_count + 1,
					  sizeof(*facts->throttling));
	row = &facts->throttling[facts->throttling_count++];
	*row = (struct throttling){
		.cgroup = xstrdup(start->path),
		.version = start->version,
		.quota_share = isnan(until.quota_share) ? from->quota_share : until.quota_share,
		.periods = until.periods - from->periods,
		.throttled_periods = until.throttled_periods - from->throttled_periods,
		.throttled_ns = until.throttled_ns - from->throttled_ns,
	};
}

static void compare_memory(const struct limits_cgroup *start, struct limit_facts *facts)
{
	const struct memory_reading *from = &start->memory;
	struct memory_reading until;
	struct memory_limit *row;

	if (!from->known)
		return;
	read_memory(start, &until);
	if (!until.known || until.max_events < from->max_events ||
	    until.oom_kills < from->oom_kills)
		return;
	if (!from->limited && !until.limited && until.max_events == from->max_events &&
	    until.oom_kills == from->oom_kills)
		return;
	facts->memory =
		xreallocarray(facts->memory, facts->memory_count + 1, sizeof(*facts->memory));
	row = &facts->memory[facts->memory_count++];
	*row = (struct memory_limit){
		.cgroup = xstrdup(start->path),
		.version = start->version,
		.limited = from->limited || until.limited,
		.limit_bytes = until.limited ? until.limit_bytes : from->limit_bytes,
		.max_events = until.max_events - from->max_events,
		.oom_kills = until.oom_kills - from->oom_kills,
	};
}

void limits_stop(const struct limits *start, struct limit_facts *facts)
{
	limit_facts_done(facts);
	for (size_t i = 0; i < start->count; i++) {
		compare_quota(&start->cgroups[i], facts);
		compare_memory(&start->cgroups[i], facts);
	}
}

void limits_done(struct limits *limits)
{
	for (size_t i = 0; i < limits->count; i++) {
		free(limits->cgroups[i].dir);
		free(limits->cgroups[i].path);
	}
	free(limits->cgroups);
	*limits = (struct limits){0};
}
