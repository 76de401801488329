/* Reports with the names that the caller gave them, for views of several reports */
#include "views/named.h"

#include <inttypes.h>
#include <time.h>

static int compare_stalls(const void *a, const void *b)
{
	const struct named_stall *x = a, *y = b;

	if (x->stall->duration_ns != y->stall->duration_ns)
		return x->stall->duration_ns < y->stall->duration_ns ? 1 : -1;
	if (x->of != y->of)
		return x->of < y->of ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

size_t named_stalls(const struct named_reports *reports, struct named_stall **ret)
{
	struct named_stall *rows;
	size_t n = 0, most = 0;

	for (size_t i = 0; i < reports->count; i++)
		most += reports->list[i].report->stalls.count;
	rows = xcalloc(most + 1, sizeof(*rows));
	for (size_t i = 0; i < reports->count; i++) {
		const struct named_report *of = &reports->list[i];

		for (size_t k = 0; k < of->report->stalls.count; k++)
			if (of->report->stalls.list[k].duration_ns)
				rows[n++] =
					(struct named_stall){&of->report->stalls.list[k], of, k};
	}
	qsort(rows, n, sizeof(*rows), compare_stalls);
	*ret = rows;
	return n;
}

char *named_label(const struct named_report *report, const struct view_style *style)
{
	const struct report_ci *ci = report->report->run.ci;
	const char *job = ci ? ci->job : NULL;
	const char *attempt = ci && ci->attempt ? ci->attempt : "1";
	const char *hostname = report->report->run.host.hostname;
	_cleanup_free_ char *parts = NULL;

	parts = xasprintf("%s%s%s%s%s%s%s", job ? job : "", job && !streq(attempt, "1") ? " #" : "",
			  job && !streq(attempt, "1") ? attempt : "", job && hostname ? ", " : "",
			  hostname ? hostname : "", job || hostname ? ": " : "", report->name);
	return style->escape(parts, style->path_columns);
}

bool named_unix_ns(const struct report *report, uint64_t offset_ns, uint64_t *ret_ns)
{
	const char *rest;
	struct tm tm = {0};
	uint64_t ns = 0, unit = NSEC_PER_SEC;
	time_t seconds;

	rest = strptime(report->run.started_at, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest)
		return false;
	if (*rest == '.')
		for (rest++; *rest >= '0' && *rest <= '9' && unit > 1; rest++)
			ns += (uint64_t)(*rest - '0') * (unit /= 10);
	seconds = timegm(&tm);
	/* Accepts only times until the year 2262, and an offset that did not overflow. */
	if (!streq(rest, "Z") || seconds < 0 || seconds > INT64_MAX / (int64_t)NSEC_PER_SEC ||
	    offset_ns > INT64_MAX)
		return false;
	*ret_ns = (uint64_t)seconds * NSEC_PER_SEC + ns + offset_ns;
	return true;
}

const char *named_time(char buf[NAMED_TIME_BYTES], const struct report *report, uint64_t offset_ns)
{
	struct tm tm = {0};
	uint64_t ns;
	size_t length;
	time_t seconds;

	if (!named_unix_ns(report, offset_ns, &ns))
		return NULL;
	seconds = (time_t)(ns / NSEC_PER_SEC);
	if (!gmtime_r(&seconds, &tm))
		return NULL;
	length = strftime(buf, NAMED_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
	if (length == 0)
		return NULL;
	snprintf(buf + length, NAMED_TIME_BYTES - length, ".%09" PRIu64 "+00:00",
		 ns % NSEC_PER_SEC);
	return buf;
}
