/* Reports with the names under which the caller gave them, for views of several at once */
#include "views/named.h"

#include <inttypes.h>
#include <time.h>

#include "report/load.h"

static int compare_rows(const void *a, const void *b)
{
	const struct named_row *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	if (x->of != y->of)
		return x->of < y->of ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

size_t named_rows(const struct named_reports *reports, const char *path,
		  uint64_t (*value)(const cJSON *row, void *userdata), void *userdata,
		  struct named_row **ret)
{
	struct named_row *rows = NULL;
	size_t n = 0, allocated = 0;

	for (size_t i = 0; i < reports->count; i++) {
		size_t order = 0;
		const cJSON *row;

		cJSON_ArrayForEach(row, report_array(reports->list[i].report, path)) {
			struct named_row found = {
				.row = row,
				.of = &reports->list[i],
				.value = value(row, userdata),
				.order = order,
			};

			order++;
			if (found.value == 0)
				continue;
			if (n == allocated) {
				allocated = allocated ? allocated * 2 : 64;
				rows = xreallocarray(rows, allocated, sizeof(*rows));
			}
			rows[n++] = found;
		}
	}
	if (n > 0)
		qsort(rows, n, sizeof(*rows), compare_rows);
	*ret = rows;
	return n;
}

uint64_t named_stall_value(const cJSON *stall, void *userdata)
{
	(void)userdata;
	return report_u64(stall, "duration_ns", 0);
}

char *named_label(const struct named_report *report, const struct view_style *style)
{
	const char *job = report_string(report->report, "run.ci.job", NULL);
	const char *attempt = report_string(report->report, "run.ci.attempt", "1");
	const char *hostname = report_string(report->report, "run.host.hostname", NULL);
	_cleanup_free_ char *parts = NULL;

	parts = xasprintf("%s%s%s%s%s%s%s", job ? job : "", job && !streq(attempt, "1") ? " #" : "",
			  job && !streq(attempt, "1") ? attempt : "", job && hostname ? ", " : "",
			  hostname ? hostname : "", job || hostname ? ": " : "", report->name);
	return style->escape(parts, style->path_columns);
}

bool named_unix_ns(const cJSON *report, uint64_t offset_ns, uint64_t *ret_ns)
{
	const char *started_at = report_string(report, "run.started_at", NULL), *rest;
	struct tm tm = {0};
	uint64_t ns = 0, unit = NSEC_PER_SEC;
	time_t seconds;

	rest = started_at ? strptime(started_at, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	if (!rest)
		return false;
	if (*rest == '.')
		for (rest++; *rest >= '0' && *rest <= '9' && unit > 1; rest++)
			ns += (uint64_t)(*rest - '0') * (unit /= 10);
	seconds = timegm(&tm);
	/* Within the year 2262, and an offset that has not been saturated. */
	if (!streq(rest, "Z") || seconds < 0 || seconds > INT64_MAX / (int64_t)NSEC_PER_SEC ||
	    offset_ns > INT64_MAX)
		return false;
	*ret_ns = (uint64_t)seconds * NSEC_PER_SEC + ns + offset_ns;
	return true;
}

const char *named_time(char buf[NAMED_TIME_BYTES], const cJSON *report, uint64_t offset_ns)
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
