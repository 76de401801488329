/* Whose fault the stalls were, over the whole run, and what one can do about it. */
#include "answer/blame.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/util.h"

#define LEAST_PERCENT  5
#define ADVICE_PERCENT 20 /* less is not worth acting on */

const char *const blamed_names[BLAMED_COUNT] = {
	[BLAMED_SELF] = "self",
	[BLAMED_NEIGHBOUR] = "neighbour",
	[BLAMED_KERNEL] = "kernel",
	[BLAMED_HYPERVISOR] = "hypervisor",
	[BLAMED_QUOTA] = "quota",
	[BLAMED_INTERRUPTS] = "interrupts",
	[BLAMED_DISK] = "disk",
	[BLAMED_MEMORY] = "memory",
	[BLAMED_REMOTE] = "remote",
	[BLAMED_LOCK] = "lock",
	[BLAMED_UNEXPLAINED] = "unexplained",
};

static const enum blamed blamed_by_cause[CAUSES] = {
	[CAUSE_INSIDE] = BLAMED_SELF,
	[CAUSE_OUTSIDE] = BLAMED_NEIGHBOUR,
	[CAUSE_KERNEL] = BLAMED_KERNEL,
	[CAUSE_IRQ] = BLAMED_INTERRUPTS,
	[CAUSE_STEAL] = BLAMED_HYPERVISOR,
	[CAUSE_DELIVERY] = BLAMED_UNEXPLAINED,
	[CAUSE_THROTTLED] = BLAMED_QUOTA,
	[CAUSE_IDLE] = BLAMED_UNEXPLAINED,
	[CAUSE_DEVICE] = BLAMED_DISK,
	[CAUSE_FILESYSTEM] = BLAMED_DISK,
	[CAUSE_LOCK] = BLAMED_LOCK,
	[CAUSE_WRITEBACK] = BLAMED_DISK,
	[CAUSE_RECLAIM] = BLAMED_MEMORY,
	[CAUSE_SWAP] = BLAMED_MEMORY,
	[CAUSE_REMOTE] = BLAMED_REMOTE,
	[CAUSE_CPU] = BLAMED_UNEXPLAINED, /* the wait inside the call is a CPU stall of its own */
	[CAUSE_RUNNING] = BLAMED_UNEXPLAINED,
	[CAUSE_UNKNOWN] = BLAMED_UNEXPLAINED,
};

static const struct {
	const char *what;
	const char *advice;
} words[BLAMED_COUNT] = {
	[BLAMED_SELF] = {"the run's own threads held the CPUs",
			 "Run fewer jobs at a time: it has more runnable threads than CPUs."},
	[BLAMED_NEIGHBOUR] =
		{"other programs held the CPUs",
		 "Give the run CPUs of its own (taskset, cpuset), or move the other program away."},
	[BLAMED_HYPERVISOR] =
		{"the hypervisor ran something else",
		 "Use a runner with dedicated CPUs: nothing inside this machine can help."},
	[BLAMED_QUOTA] =
		{"the CPU quota was used up",
		 "Raise the CPU limit (cpu.max, --cpus, resources.limits.cpu), or run fewer jobs."},
	[BLAMED_KERNEL] = {"the kernel's own threads held the CPUs", NULL},
	[BLAMED_INTERRUPTS] = {"interrupts took the CPUs", NULL},
	[BLAMED_DISK] =
		{"waiting for the disk and its file system",
		 "Put the files on tmpfs or a faster disk, or avoid fsync in tests (eatmydata)."},
	[BLAMED_MEMORY] = {"memory had to be freed, or read back from swap, first",
			   "Give the run more memory, or run fewer jobs at a time."},
	[BLAMED_REMOTE] =
		{"a network or user-space file system was slow to answer",
		 "Look at the server behind it, or copy what the tests need to a local disk."},
	[BLAMED_LOCK] = {"somebody else held a lock",
			 "Find who holds the file's lock, or let the tests use files of their own."},
	[BLAMED_UNEXPLAINED] = {"no cause could be told", NULL},
};

static void add_up(const struct model *model, uint64_t ret_ns[BLAMED_COUNT])
{
	for (enum cause cause = 0; cause < CAUSES; cause++) {
		/* A CPU wait inside a call, and the call's own work, are not the call's cause. */
		uint64_t io_ns = cause == CAUSE_CPU || cause == CAUSE_RUNNING
					 ? 0
					 : model->stalls[STALL_IO].cause_ns[cause];

		ret_ns[blamed_by_cause[cause]] += model->stalls[STALL_CPU].cause_ns[cause] + io_ns;
	}
}

/* The program that held the CPU longest over all stalls, of those to blame; NULL: it is not about programs. */
static const struct program_total *worst_program(const struct model *model, enum blamed who)
{
	static const struct {
		enum blamed who;
		enum culprit_where where;
	} programs[] = {
		{BLAMED_SELF, CULPRIT_INSIDE},
		{BLAMED_NEIGHBOUR, CULPRIT_OUTSIDE},
		{BLAMED_KERNEL, CULPRIT_KERNEL},
	};
	const struct program_total *worst = NULL;
	size_t kind = 0;

	while (kind < ARRAY_SIZE(programs) && programs[kind].who != who)
		kind++;
	if (kind == ARRAY_SIZE(programs))
		return NULL;
	for (size_t i = 0; i < model->program_total_count; i++) {
		const struct program_total *total = &model->program_totals[i];

		if (total->where != programs[kind].where)
			continue;
		if (!worst || total->ns > worst->ns)
			worst = total;
	}
	return worst;
}

static char *describe(const struct model *model, enum blamed who, uint64_t ns, unsigned percent)
{
	char duration[DURATION_FORMAT_BYTES], longest[DURATION_FORMAT_BYTES];
	bool in_cgroup;
	const struct program_total *worst = worst_program(model, who);

	duration_format(duration, ns);
	if (!worst)
		return xasprintf("%u %% (%s): %s", percent, duration, words[who].what);
	duration_format(longest, worst->ns);
	in_cgroup = worst->cgroup_path && !streq(worst->cgroup_path, "/");
	return xasprintf("%u %% (%s): %s, longest %.*s%s%s (%s)", percent, duration,
			 words[who].what, COMM_BYTES, worst->comm, in_cgroup ? " of " : "",
			 in_cgroup ? worst->cgroup_path : "", longest);
}

static int largest_first(const void *a, const void *b)
{
	const struct blame *one = a, *other = b;

	if (one->ns != other->ns)
		return one->ns < other->ns ? 1 : -1;
	return one->who < other->who ? -1 : 1;
}

struct blame *blame_list(const struct model *model, size_t *ret_count)
{
	struct blame *list = xcalloc(BLAMED_COUNT, sizeof(*list));
	uint64_t ns[BLAMED_COUNT] = {0}, sum_ns = 0;
	size_t count = 0;

	add_up(model, ns);
	for (enum blamed who = 0; who < BLAMED_COUNT; who++)
		sum_ns += ns[who];
	for (enum blamed who = 0; who < BLAMED_COUNT; who++) {
		unsigned percent = sum_ns ? (double)ns[who] * 100 / sum_ns : 0;

		if (percent < LEAST_PERCENT)
			continue;
		list[count++] = (struct blame){
			.who = who,
			.ns = ns[who],
			.percent = percent,
			.sentence = describe(model, who, ns[who], percent),
			.advice = percent >= ADVICE_PERCENT ? words[who].advice : NULL,
		};
	}
	qsort(list, count, sizeof(*list), largest_first);
	*ret_count = count;
	return list;
}

void blame_free(struct blame *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i].sentence);
	free(list);
}
