/* Measure the pressure (PSI) of the cgroup of the run or of the machine, and steal time */
#include "run/pressure.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/util.h"

/* Parses total, in us, in a line "some avg10=0.00 avg60=0.00 avg300=0.00 total=123". */
static bool parse_total(const char *line, size_t n, uint64_t *ret_ns)
{
	_cleanup_free_ char *text = xstrndup(line, n);
	const char *total = strstr(text, " total=");
	uint64_t us;

	if (!total || parse_u64(total + strlen(" total="), &us) < 0)
		return false;
	return !__builtin_mul_overflow(us, NSEC_PER_USEC, ret_ns);
}

int pressure_parse(const char *text, struct pressure_pair *ret)
{
	*ret = (struct pressure_pair){0};
	while (*text) {
		size_t n = strcspn(text, "\n");

		if (startswith(text, "some "))
			ret->known = parse_total(text, n, &ret->some_ns);
		else if (startswith(text, "full ") && !parse_total(text, n, &ret->full_ns))
			ret->full_ns = 0;
		text += n + (text[n] == '\n');
	}
	if (ret->known)
		return 0;
	*ret = (struct pressure_pair){0};
	return -EINVAL;
}

static int take_ticks(const char *p, struct cpu_ticks *ret)
{
	enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, FIELDS };
	uint64_t ticks[FIELDS];

	for (unsigned i = 0; i < FIELDS; i++) {
		p += strspn(p, " ");
		if (take_u64(&p, &ticks[i]) < 0)
			return -EINVAL;
	}
	*ret = (struct cpu_ticks){
		.busy = ticks[USER] + ticks[NICE] + ticks[SYSTEM] + ticks[IRQ] + ticks[SOFTIRQ],
		.idle = ticks[IDLE] + ticks[IOWAIT],
		.steal = ticks[STEAL],
	};
	return 0;
}

int pressure_parse_ticks(const char *text, struct cpu_ticks *ret)
{
	const char *p = startswith(text, "cpu ");

	return p ? take_ticks(p, ret) : -EINVAL;
}

int pressure_parse_cpu(const char **text, unsigned *ret_cpu, struct cpu_ticks *ret)
{
	const char *line = strchr(*text, '\n'), *p = line ? startswith(line, "\ncpu") : NULL;
	uint64_t cpu;

	if (!p || !strchr(p, '\n') || take_u64(&p, &cpu) < 0 || cpu > UINT_MAX ||
	    take_ticks(p, ret) < 0)
		return -EINVAL;
	*text = line + 1;
	*ret_cpu = (unsigned)cpu;
	return 0;
}

static int read_pair(const char *dir, const char *name, struct pressure_pair *ret)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name), *text = NULL;
	int r;

	*ret = (struct pressure_pair){0};
	r = read_file(path, &text, NULL);
	return r < 0 ? r : pressure_parse(text, ret);
}

/* Returns 0 if at least one of the three files was read, else the first -errno. */
static int read_pressure(const char *dir, const char *suffix, struct pressure_sample *ret)
{
	const struct {
		const char *name;
		struct pressure_pair *pair;
	} files[] = {
		{"cpu", &ret->cpu},
		{"io", &ret->io},
		{"memory", &ret->memory},
	};
	int error = 0;
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *name = xasprintf("%s%s", files[i].name, suffix);
		int r = read_pair(dir, name, files[i].pair);

		any = any || r == 0;
		if (r < 0 && error == 0)
			error = r;
	}
	return any ? 0 : error;
}

static void read_steal(struct pressure_sample *ret)
{
	_cleanup_free_ char *text = NULL;
	long ticks_per_s = sysconf(_SC_CLK_TCK);
	struct cpu_ticks ticks;

	if (ticks_per_s <= 0 || read_file("/proc/stat", &text, NULL) < 0 ||
	    pressure_parse_ticks(text, &ticks) < 0)
		return;
	/*
	 * Exact at 100 ticks per second, which all architectures have except alpha and ia64, where
	 * less than 1 ns per tick is lost.
	 */
	ret->steal_known = !__builtin_mul_overflow(
		ticks.steal, NSEC_PER_SEC / (uint64_t)ticks_per_s, &ret->steal_ns);
}

static int read_sample(const char *cgroup_dir, bool of_cgroup, struct pressure_sample *ret)
{
	*ret = (struct pressure_sample){.of_cgroup = of_cgroup};
	read_steal(ret);
	if (!of_cgroup)
		return read_pressure("/proc/pressure", "", ret);
	return cgroup_dir ? read_pressure(cgroup_dir, ".pressure", ret) : -ENOENT;
}

int pressure_start(const char *cgroup_dir, struct pressure_sample *ret)
{
	if (read_sample(cgroup_dir, true, ret) == 0)
		return 0;
	return read_sample(cgroup_dir, false, ret);
}

static struct pressure_pair difference(struct pressure_pair start, struct pressure_pair end)
{
	/*
	 * A counter decreased: another cgroup has the same path now, so the difference is unknown.
	 */
	if (!start.known || !end.known || end.some_ns < start.some_ns ||
	    end.full_ns < start.full_ns)
		return (struct pressure_pair){0};
	return (struct pressure_pair){
		.known = true,
		.some_ns = end.some_ns - start.some_ns,
		.full_ns = end.full_ns - start.full_ns,
	};
}

void pressure_stop(const struct pressure_sample *start, const char *cgroup_dir,
		   struct pressure_facts *ret)
{
	struct pressure_sample end;

	(void)read_sample(cgroup_dir, start->of_cgroup, &end);
	*ret = (struct pressure_facts){
		.cpu = difference(start->cpu, end.cpu),
		.io = difference(start->io, end.io),
		.memory = difference(start->memory, end.memory),
		.of_cgroup = start->of_cgroup,
	};
	if (start->steal_known && end.steal_known && end.steal_ns > 0 &&
	    end.steal_ns >= start->steal_ns) {
		ret->steal_known = true;
		ret->steal_ns = end.steal_ns - start->steal_ns;
	}
}
