/* Say in words which other cgroups are watched (--also) or included (--include), and what was found */
#include "views/watched_words.h"

#include "base/duration.h"
#include "catalog/words.h"

const char *watched_name(const struct report_watched *watched)
{
	return watched->name ? watched->name : watched->cgroup ? watched->cgroup : "?";
}

bool watched_totals(const struct report *report, const struct report_watched *watched,
		    struct view_stall_sum *ret)
{
	struct report_totals measured = watched->totals;
	bool any = false;

	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++) {
		/* What was not measured in the run was not measured here either. */
		if (!report->thresholds.ns[kind].known)
			measured.of[kind] = NULL;
		any |= measured.of[kind] != NULL;
	}
	*ret = (struct view_stall_sum){0};
	if (report->verdict.status.value == VERDICT_UNMEASURED)
		return false;
	*ret = view_stall_sum(&measured);
	return any;
}

char *watched_stalls(const struct report *report, const struct report_watched *watched)
{
	char number[VIEW_COUNT_BYTES], total[DURATION_FORMAT_BYTES], max[DURATION_FORMAT_BYTES];
	struct view_stall_sum all;

	if (!watched_totals(report, watched, &all))
		return xstrdup("not measured");
	duration_format(total, all.total_ns);
	if (all.count == 0)
		return xstrdup("did not stall");
	if (all.count == 1)
		return xasprintf("stalled once, %s", total);
	return xasprintf("stalled %s times, %s in all, longest %s", view_count(number, all.count),
			 total, duration_format(max, all.max_ns));
}

char *watched_line(const struct report *report, const struct report_watched *watched,
		   const struct view_style *style)
{
	_cleanup_free_ char *name = style->escape(watched_name(watched), style->path_columns);
	_cleanup_free_ char *stalls = watched_stalls(report, watched);

	return xasprintf("%s, %s", name, stalls);
}

char *included_line(const struct report_included *included, const struct view_style *style)
{
	_cleanup_free_ char *pattern = style->escape(included->pattern, style->path_columns);
	char number[VIEW_COUNT_BYTES];

	if (!included->count.known)
		return xasprintf("%s, not measured", pattern);
	if (!included->count.value)
		return xasprintf("%s, which matched no cgroup", pattern);
	return xasprintf("%s, %s cgroup%s", pattern, view_count(number, included->count.value),
			 included->count.value == 1 ? "" : "s");
}

const struct report_stall *watched_worst(const struct report_watched *watched)
{
	size_t worst;

	return view_worst(watched->stalls, duration_ns, &worst, 1) ? &watched->stalls.list[worst]
								   : NULL;
}
