/* Durations and points in time as JUnit files have them */
#include "report/junit_time.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

#define SECONDS_MAX      1e9
#define ZONE_MINUTES_MAX (14 * 60)

/* What one of the last of so many digits is worth */
static uint64_t resolution_ns(size_t digits)
{
	uint64_t ns = NSEC_PER_SEC;

	for (; digits && ns > 1; digits--)
		ns /= 10;
	return ns;
}

bool junit_duration_parse(const char *text, struct junit_duration *ret)
{
	char plain[64], *end;
	const char *point;
	size_t length = 0;
	double seconds;

	for (; *text && length < sizeof(plain) - 1; text++) {
		if (!strchr("0123456789.,eE+-", *text))
			return false;
		if (*text != ',' || !strchr(text, '.'))
			plain[length++] = *text;
	}
	plain[length] = '\0';
	seconds = strtod(plain, &end);
	if (!length || *text || *end || !isfinite(seconds) || seconds < 0 || seconds > SECONDS_MAX)
		return false;
	point = strchr(plain, '.');
	*ret = (struct junit_duration){
		.ns = (uint64_t)llround(seconds * (double)NSEC_PER_SEC),
		.resolution_ns =
			strpbrk(plain, "eE") ? 1 : resolution_ns(point ? strlen(point + 1) : 0),
	};
	return true;
}

/* The offset of "Z", "+01:00" or "-0130" */
static bool parse_zone(const char *text, int64_t *ret_seconds)
{
	unsigned minutes = 0, factors[] = {600, 60, 10, 1};
	bool is_west = *text == '-';

	*ret_seconds = 0;
	if (streq(text, "Z") || streq(text, "z"))
		return true;
	if (*text != '+' && *text != '-')
		return false;
	text++;
	for (size_t i = 0; i < ARRAY_SIZE(factors); i++, text++) {
		if (i == 2 && *text == ':')
			text++;
		if (*text < '0' || *text > '9')
			return false;
		minutes += (unsigned)(*text - '0') * factors[i];
	}
	*ret_seconds = (int64_t)minutes * 60 * (is_west ? -1 : 1);
	return !*text && minutes <= ZONE_MINUTES_MAX;
}

bool junit_timestamp_parse(const char *text, struct junit_timestamp *ret)
{
	struct tm tm = {0};
	int64_t fraction_ns = 0, zone_seconds = 0, seconds;
	uint64_t unit_ns = NSEC_PER_SEC;
	const char *rest = strptime(text, "%Y-%m-%d", &tm);

	if (!rest || (*rest != 'T' && *rest != ' '))
		return false;
	rest = strptime(rest + 1, "%H:%M:%S", &tm);
	if (!rest)
		return false;
	if (*rest == '.')
		for (rest++; *rest >= '0' && *rest <= '9' && unit_ns > 1; rest++)
			fraction_ns += (*rest - '0') * (int64_t)(unit_ns /= 10);
	rest += strspn(rest, "0123456789");
	seconds = timegm(&tm);
	if (seconds < 0 || seconds > INT64_MAX / (int64_t)NSEC_PER_SEC - 1000000 ||
	    (*rest && !parse_zone(rest, &zone_seconds)))
		return false;
	*ret = (struct junit_timestamp){
		.has_zone = *rest,
		.ns = (seconds - zone_seconds) * (int64_t)NSEC_PER_SEC + fraction_ns,
		.resolution_ns = unit_ns,
	};
	return true;
}
