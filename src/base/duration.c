/* Parse and format durations as people write them */
#include "base/duration.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/util.h"

#define NSEC_PER_MIN  (60 * NSEC_PER_SEC)
#define NSEC_PER_HOUR (60 * NSEC_PER_MIN)

static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	{"ns", 1},           {"us", NSEC_PER_USEC}, {"ms", NSEC_PER_MSEC},
	{"s", NSEC_PER_SEC}, {"m", NSEC_PER_MIN},   {"h", NSEC_PER_HOUR},
};

static const char digits[] = "0123456789";

/* Returns the unit that the first n bytes of s name, in ns, or 0. */
static uint64_t unit_ns(const char *s, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strlen(units[i].name) == n && memcmp(units[i].name, s, n) == 0)
			return units[i].ns;
	return 0;
}

/* A number with its unit: "1.5s" */
struct part {
	const char *whole, *fraction;
	size_t whole_len, fraction_len;
	uint64_t unit_ns;
};

/* Returns the text after the part, or NULL if s does not begin with a part. */
static const char *scan_part(const char *s, struct part *ret)
{
	struct part part = {.whole = s, .whole_len = strspn(s, digits)};
	size_t n;

	s += part.whole_len;
	if (*s == '.') {
		part.fraction = ++s;
		part.fraction_len = strspn(s, digits);
		if (part.fraction_len == 0)
			return NULL;
		s += part.fraction_len;
	}
	if (part.whole_len + part.fraction_len == 0)
		return NULL;

	n = strspn(s, "hmnsu");
	part.unit_ns = unit_ns(s, n);
	if (part.unit_ns == 0)
		return NULL;
	*ret = part;
	return s + n;
}

/* *ret_inexact is true if the part is more than 0 but less than 1 ns. */
static int part_value(const struct part *part, uint64_t *ret_ns, bool *ret_inexact)
{
	uint64_t whole = 0, fraction_ns = 0, ns;
	bool nonzero = false;

	for (size_t i = 0; i < part->whole_len; i++)
		if (__builtin_mul_overflow(whole, UINT64_C(10), &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(part->whole[i] - '0'), &whole))
			return -ERANGE;

	/*
	 * Go from the last digit to the first, so that the divisions truncate only once in total:
	 * floor((a + floor(x)) / 10) = floor((a + x) / 10) for integers a.
	 */
	for (size_t i = part->fraction_len; i-- > 0;) {
		uint64_t digit = (uint64_t)(part->fraction[i] - '0');

		nonzero |= digit != 0;
		fraction_ns = (fraction_ns + digit * part->unit_ns) / 10;
	}

	if (__builtin_mul_overflow(whole, part->unit_ns, &ns) ||
	    __builtin_add_overflow(ns, fraction_ns, &ns))
		return -ERANGE;
	*ret_inexact = ns == 0 && nonzero;
	*ret_ns = ns;
	return 0;
}

int duration_parse(const char *s, uint64_t *ret_ns)
{
	uint64_t total_ns = 0, smallest_ns = UINT64_MAX;
	bool vanished = false;
	int r = 0;

	if (streq(s, "0")) {
		*ret_ns = 0;
		return 0;
	}

	do {
		struct part part;
		uint64_t part_ns;
		bool inexact;

		s = scan_part(s, &part);
		if (!s || part.unit_ns >= smallest_ns)
			return -EINVAL;
		smallest_ns = part.unit_ns;

		/*
		 * Continue after -ERANGE: if the rest is malformed, -EINVAL describes the input
		 * better.
		 */
		if (r == 0)
			r = part_value(&part, &part_ns, &inexact);
		if (r == 0 && __builtin_add_overflow(total_ns, part_ns, &total_ns))
			r = -ERANGE;
		if (r == 0)
			vanished |= inexact;
		if (s[0] == ' ' && s[1] != '\0')
			s++;
	} while (*s);

	if (r < 0)
		return r;
	if (total_ns == 0 && vanished)
		return -ERANGE;
	*ret_ns = total_ns;
	return 0;
}

/* value is in 1/scale of the unit; scale is 1, 10 or 100. Trailing zeros are dropped. */
static void format_decimal(char *buf, unsigned value, unsigned scale, const char *unit)
{
	while (scale > 1 && value % 10 == 0) {
		value /= 10;
		scale /= 10;
	}
	if (scale == 1)
		snprintf(buf, DURATION_FORMAT_BYTES, "%u%s", value, unit);
	else
		snprintf(buf, DURATION_FORMAT_BYTES, "%u.%0*u%s", value / scale,
			 scale == 10 ? 1 : 2, value % scale, unit);
}

/* Formats "A B", or only "A" if b is 0. */
static void format_pair(char *buf, uint64_t a, char unit_a, uint64_t b, char unit_b)
{
	if (b == 0)
		snprintf(buf, DURATION_FORMAT_BYTES, "%" PRIu64 "%c", a, unit_a);
	else
		snprintf(buf, DURATION_FORMAT_BYTES, "%" PRIu64 "%c %" PRIu64 "%c", a, unit_a, b,
			 unit_b);
}

static uint64_t divide_nearest(uint64_t a, uint64_t b)
{
	return a / b + (a % b >= b - b / 2);
}

const char *duration_format(char buf[DURATION_FORMAT_BYTES], uint64_t ns)
{
	uint64_t seconds, minutes;

	/* Check the limit after rounding, which can reach the next unit: 999.6us is 1ms. */
	for (size_t i = 0; i < ARRAY_SIZE(units) && units[i].ns <= NSEC_PER_SEC; i++) {
		uint64_t unit = units[i].ns;
		uint64_t limit = unit == NSEC_PER_SEC ? 60 : 1000;
		uint64_t scale = 1, value;

		if (unit > 1 && ns / unit < 100)
			scale = ns / unit < 10 ? 100 : 10;
		value = divide_nearest(ns, unit / scale);
		if (value < limit * scale) {
			format_decimal(buf, (unsigned)value, (unsigned)scale, units[i].name);
			return buf;
		}
	}

	seconds = divide_nearest(ns, NSEC_PER_SEC);
	if (seconds < 3600) {
		format_pair(buf, seconds / 60, 'm', seconds % 60, 's');
		return buf;
	}
	minutes = divide_nearest(ns, NSEC_PER_MIN);
	format_pair(buf, minutes / 60, 'h', minutes % 60, 'm');
	return buf;
}
