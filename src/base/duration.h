/* Parse and format durations as people write them */
#pragma once

#include <stdint.h>

#define DURATION_FORMAT_BYTES 32

/*
 * Parses a decimal number with a unit (ns, us, ms, s, m, h), or several with decreasing units, with
 * or without a space between them: "500us", "1.5s", "2m", "1m30s", "2m 3s". Only "0" needs no unit.
 * No sign, no exponent. Fractions of a nanosecond are truncated. Returns -EINVAL for anything else,
 * and -ERANGE if the duration is longer than UINT64_MAX ns (584 years) or between 0 and 1 ns.
 * Writes *ret_ns only on success.
 */
int duration_parse(const char *s, uint64_t *ret_ns);

/*
 * Formats a duration into buf and returns buf. Below a minute: three significant digits, rounded to
 * nearest, without trailing zeros ("850us", "48.2ms", "1.25s"). From a minute on: whole seconds
 * ("2m 3s"); from an hour on: whole minutes ("1h 5m"). duration_parse() reads each result, except
 * one that rounding lifted above UINT64_MAX ns.
 */
const char *duration_format(char buf[DURATION_FORMAT_BYTES], uint64_t ns);
