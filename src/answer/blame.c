/* The blame for the stalls of a run: who caused how much of their time, and what the reader can do about it. */
#include "answer/blame.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/util.h"

#define LEAST_PERCENT  5
#define ADVICE_PERCENT 20 /* a smaller part is not worth acting on */

static void add_up(const struct model *model, uint64_t ret_ns[BLAMED_COUNT])
{
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
		for (enum cause cause = 0; cause < CAUSES && !kind_catalog[kind].overlaps; cause++)
			if (cause_catalog[cause].blamed != BLAMED_NOBODY)
				ret_ns[cause_catalog[cause].blamed] +=
					model->stalls[kind].cause_ns[cause];
}

/* The program among those to blame that had the CPU, the device or locks longest over all stalls; NULL: not a program is to blame. */
static const struct program_total *worst_program(const struct model *model, enum blamed who)
{
	static const struct {
		enum blamed who;
		enum culprit_held held;
		enum culprit_where where; /* CULPRIT_WHERES: anywhere */
	} programs[] = {
		{BLAMED_SELF, HELD_CPU, CULPRIT_INSIDE},
		{BLAMED_NEIGHBOUR, HELD_CPU, CULPRIT_OUTSIDE},
		{BLAMED_KERNEL, HELD_CPU, CULPRIT_KERNEL},
		{BLAMED_DISK_SELF, HELD_DEVICE, CULPRIT_INSIDE},
		{BLAMED_DISK_NEIGHBOUR, HELD_DEVICE, CULPRIT_OUTSIDE},
		{BLAMED_LOCK, HELD_LOCK, CULPRIT_WHERES},
	};
	const struct program_total *worst = NULL;
	size_t row = 0;

	while (row < ARRAY_SIZE(programs) && programs[row].who != who)
		row++;
	if (row == ARRAY_SIZE(programs))
		return NULL;
	for (size_t i = 0; i < model->program_total_count; i++) {
		const struct program_total *total = &model->program_totals[i];

		if (total->held != programs[row].held ||
		    (programs[row].where != CULPRIT_WHERES && total->where != programs[row].where))
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
		return xasprintf("%u %% (%s): %s", percent, duration, blamed_catalog[who].words);
	duration_format(longest, worst->ns);
	in_cgroup = worst->cgroup_path && !streq(worst->cgroup_path, "/");
	return xasprintf("%u %% (%s): %s, longest %.*s%s%s (%s)", percent, duration,
			 blamed_catalog[who].words, COMM_BYTES, worst->comm,
			 in_cgroup ? " of " : "", in_cgroup ? worst->cgroup_path : "", longest);
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
	uint64_t ns[BLAMED_COUNT] = {0};
	double sum_ns = 0; /* no part of it is larger, whatever the clocks of the records said */
	size_t count = 0;

	add_up(model, ns);
	for (enum blamed who = 0; who < BLAMED_COUNT; who++)
		sum_ns += (double)ns[who];
	for (enum blamed who = 0; who < BLAMED_COUNT; who++) {
		unsigned percent = sum_ns > 0 ? (double)ns[who] * 100 / sum_ns : 0;

		if (percent < LEAST_PERCENT)
			continue;
		list[count++] = (struct blame){
			.who = who,
			.ns = ns[who],
			.percent = percent,
			.sentence = describe(model, who, ns[who], percent),
			.advice = percent >= ADVICE_PERCENT ? blamed_catalog[who].advice : NULL,
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
