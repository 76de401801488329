/* The search for a test's margin: which length to try next, from what the tries so far have shown */
#include "shake/margin.h"

#include "base/util.h"

#define STEP 1.1

/* exact_ns replaces the length that is nearest below it. */
static void add_length(struct margin_ladder *ladder, double ns, uint64_t exact_ns)
{
	if (exact_ns && ns <= (double)exact_ns && ns * STEP > (double)exact_ns)
		ns = (double)exact_ns;
	ladder->ns[ladder->count++] = (uint64_t)ns;
}

void margin_ladder_make(uint64_t longest_ns, uint64_t exact_ns, unsigned tries, bool is_search,
			struct margin_ladder *ret)
{
	double ns = (double)longest_ns;
	int count = 1, most = MARGIN_LENGTHS_MAX - (exact_ns > 0);

	*ret = (struct margin_ladder){.tries = tries};
	while (is_search && count < most && ns / STEP >= (double)MARGIN_SHORTEST_NS) {
		ns /= STEP;
		count++;
	}
	if (is_search && exact_ns && exact_ns < (uint64_t)ns)
		ret->ns[ret->count++] = exact_ns;
	for (; count > 1; count--, ns *= STEP)
		add_length(ret, ns, exact_ns);
	ret->ns[ret->count++] = longest_ns;
}

struct margin_result margin_read(const struct margin *margin, const struct margin_ladder *ladder)
{
	struct margin_result result = {-1, -1};
	bool failed_below = false;

	for (int i = 0; i < ladder->count && result.fails < 0; i++) {
		const struct margin_tries *tries = &margin->tries[i];

		failed_below |= tries->failed > 0;
		if (tries->failed * 2 > tries->count)
			result.fails = i;
		else if (tries->count && !failed_below)
			result.bears = i;
	}
	return result;
}

/* The length nearest to the middle between two that has not been tried; -1: all have been. */
static int untried_between(const struct margin *margin, int low, int high)
{
	int middle = (low + high) / 2, nearest = -1;

	for (int i = low + 1; i < high; i++)
		if (!margin->tries[i].count &&
		    (nearest < 0 || abs(i - middle) < abs(nearest - middle)))
			nearest = i;
	return nearest;
}

int margin_next(const struct margin *margin, const struct margin_ladder *ladder)
{
	struct margin_result so_far = margin_read(margin, ladder);
	int longest = ladder->count - 1, untried;

	if (so_far.fails < 0)
		return margin->tries[longest].count < ladder->tries ? longest : -1;
	untried = untried_between(margin, so_far.bears, so_far.fails);
	if (untried >= 0)
		return untried;
	if (margin->tries[so_far.fails].count < ladder->tries)
		return so_far.fails;
	if (so_far.bears >= 0 && margin->tries[so_far.bears].count < ladder->tries)
		return so_far.bears;
	return -1;
}

void margin_note(struct margin *margin, const struct margin_ladder *ladder, int length, bool failed)
{
	struct margin_tries *tries = &margin->tries[length];

	if (failed && !margin->has_place && ladder->count > 1) {
		margin->has_place = true;
		margin->passed_elsewhere = tries->count;
		*tries = (struct margin_tries){0};
	}
	tries->count++;
	tries->failed += failed;
}
