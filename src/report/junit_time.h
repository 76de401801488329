/* Durations and points in time as JUnit files have them */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A number of seconds that is not negative */
struct junit_duration {
	uint64_t ns;
	uint64_t resolution_ns; /* of its last digit */
};

/*
 * "0.25", "1.2e-05", "1,234.5" with thousands. "0,25" is none: it could be 25 hundredths as well as
 * thousands in another language. Returns false for everything else.
 */
bool junit_duration_parse(const char *text, struct junit_duration *ret);

struct junit_timestamp {
	bool has_zone; /* false: in a time zone that the file does not name */
	int64_t ns; /* since 1970; without a zone, as if it were UTC */
	uint64_t resolution_ns;
};

/* "2024-03-07T14:05:09.123", with "Z", "+01:00" or no zone. Returns false for everything else. */
bool junit_timestamp_parse(const char *text, struct junit_timestamp *ret);
