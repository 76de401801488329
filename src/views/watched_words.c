/* What was watched beside a run (--also): its name, and in words whether it stood still */
#include "views/watched_words.h"

#include "base/duration.h"
#include "report/load.h"

const char *also_name(const cJSON *also)
{
	return report_string(also, "name", report_string(also, "cgroup", "?"));
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

bool also_totals(const cJSON *report, const cJSON *also, struct also_totals *ret)
{
	static const struct {
		const char *totals, *threshold;
	} kinds[] = {
		{"totals.cpu", "thresholds.cpu_ns"},
		{"totals.io", "thresholds.io_ns"},
		{"totals.hiccup", "thresholds.hiccup_ns"},
	};
	bool measured = false;

	*ret = (struct also_totals){0};
	if (streq(report_string(report, "verdict.status", "unmeasured"), "unmeasured"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const cJSON *totals = report_object(also, kinds[i].totals);

		if (!totals || cJSON_IsNull(report_get(report, kinds[i].threshold)))
			continue;
		measured = true;
		ret->count = sum(ret->count, report_u64(totals, "count", 0));
		ret->total_ns = sum(ret->total_ns, report_u64(totals, "total_ns", 0));
		ret->max_ns = MAX(ret->max_ns, report_u64(totals, "max_ns", 0));
	}
	return measured;
}

char *also_stalls(const cJSON *report, const cJSON *also)
{
	char number[VIEW_COUNT_BYTES], total[DURATION_FORMAT_BYTES], max[DURATION_FORMAT_BYTES];
	struct also_totals all;

	if (!also_totals(report, also, &all))
		return xstrdup("not measured");
	duration_format(total, all.total_ns);
	if (all.count == 0)
		return xstrdup("did not stand still");
	if (all.count == 1)
		return xasprintf("stood still once, %s", total);
	return xasprintf("stood still %s times, %s in all, longest %s",
			 view_count(number, all.count), total, duration_format(max, all.max_ns));
}

char *also_line(const cJSON *report, const cJSON *also, const struct view_style *style)
{
	_cleanup_free_ char *name = style->escape(also_name(also), style->path_columns);
	_cleanup_free_ char *stalls = also_stalls(report, also);

	return xasprintf("%s, %s", name, stalls);
}

const cJSON *also_worst(const cJSON *also)
{
	const cJSON *worst;

	return view_worst(report_array(also, "stalls"), "duration_ns", &worst, 1) ? worst : NULL;
}
