/* How slow the CPUs were while a test ran, and what of its own work that explains */
#include "answer/slowness.h"

#include <math.h>

#include "base/duration.h"
#include "base/util.h"
#include "catalog/report.h"

#define WORK_EXCESS_NS (200 * NSEC_PER_MSEC) /* to show a failure takes a runner some work, too */
#define WORK_EXCESS    1.25
#define VERY_SLOW      1.5
#define KNOWN_MIN_NS   (3 * NSEC_PER_SEC)
#define ALIKE          1.1

static double work_of(const struct answer_times *times, const struct usual *usual)
{
	double own = (double)times->own_ns, usually = (double)usual->worked_ns;

	if (!usual->of_same_test || !usual->worked_ns || own < usually * WORK_EXCESS ||
	    own < usually + (double)WORK_EXCESS_NS)
		return NAN;
	return own / usually;
}

static bool explains_failure(const struct slowness *slowness, uint64_t known_ns,
			     const struct answer_times *times, const struct usual *usual)
{
	double whole = (double)times->whole_ns, own = (double)times->own_ns,
	       longest = (double)usual->longest_ns;

	return slowness->of_same_test && known_ns >= KNOWN_MIN_NS &&
	       slowness->factor >= VERY_SLOW && slowness->work <= slowness->factor * ALIKE &&
	       slowness->factor <= slowness->work * ALIKE && whole > longest &&
	       whole - (own - own / slowness->factor) <= longest;
}

struct slowness slowness_of(const struct timeline *timeline, uint64_t from_ns, uint64_t until_ns,
			    const struct answer_times *times, const struct usual *usual)
{
	struct gauged gauged = timeline_gauged(timeline, from_ns, until_ns);
	bool of_same_test = usual->of_same_test && usual->gauge_ns > 0;
	double then_ns = of_same_test ? usual->gauge_ns : timeline->best_gauge_ns;
	struct slowness result = {
		.factor = then_ns > 0 ? gauged.ns / then_ns : NAN,
		.of_same_test = of_same_test && !isnan(gauged.ns),
		.work = work_of(times, usual),
	};
	double own = (double)times->own_ns, cost = own - own / result.factor;

	if (!(result.factor >= SLOWNESS_MIN)) /* or unknown */
		return result;
	result.costs_much = cost >= (double)times->whole_ns / ANSWER_MATTERS;
	result.explains_work = result.factor - 1 >= (result.work - 1) / 2;
	result.explains_failure = explains_failure(&result, gauged.known_ns, times, usual);
	return result;
}

static char *slow_words(const struct slowness *slowness)
{
	return xasprintf("the CPUs were slow meanwhile: a fixed loop took %.1f times as long as %s",
			 slowness->factor, slowness->of_same_test ? "then" : "at its best");
}

char *slowness_advice(const struct slowness *slowness, const struct answer_times *times,
		      const struct usual *usual)
{
	uint64_t lost_ns = times->lost_ns + times->crowded_ns;
	_cleanup_free_ char *slow = slow_words(slowness);
	char usually[DURATION_FORMAT_BYTES];
	bool says_slow = slowness->explains_work || (isnan(slowness->work) && slowness->costs_much);

	duration_format(usually, usual->worked_ns);
	if (!isnan(slowness->work))
		return xasprintf("its own work took %.1f times the usual CPU time (%s), %s%s",
				 slowness->work, usually, says_slow ? "and " : "so it did more",
				 says_slow                ? slow
				 : slowness->of_same_test ? ": the CPUs were not that slow"
							  : ", or the CPUs were slower");
	/* On a machine that is that slow for all, nobody can act on "look at the code" alone. */
	return xasprintf("look at the code%s%s%s",
			 lost_ns >= times->whole_ns / 2 ? ", or run it again on a calmer machine"
							: "",
			 says_slow ? ". Note that " : "", says_slow ? slow : "");
}

char *slowness_sentence(const struct slowness *slowness, const struct usual *usual)
{
	_cleanup_free_ char *slow = slow_words(slowness);
	char usually[DURATION_FORMAT_BYTES];

	return xasprintf("its own work took %.1f times the usual CPU time (%s), because %s",
			 slowness->work, duration_format(usually, usual->worked_ns), slow);
}
