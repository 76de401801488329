/* Lengths of time as people write and read them */
#pragma once

#include <stdint.h>

#define DURATION_FORMAT_BYTES 32

/*
 * A decimal number and a unit (ns, us, ms, s, m, h), or several with ever smaller units, with or
 * without a space between them: "500us", "1.5s", "2m", "1m30s", "2m 3s". Only "0" may do without a
 * unit. No sign, no exponent. Fractions of a nanosecond are cut off.
 * -EINVAL if it is anything else; -ERANGE if it is longer than UINT64_MAX ns (584 years), or
 * shorter than 1 ns without being 0. *ret_ns is only written on success.
 */
int duration_parse(const char *s, uint64_t *ret_ns);

/*
 * Three significant digits, rounded to nearest, without trailing zeros: "850us", "48.2ms",
 * "1.25s"; from a minute on whole seconds, "2m 3s", and from an hour on whole minutes, "1h 5m".
 * duration_parse() reads every result that rounding did not lift above UINT64_MAX. Returns buf.
 */
const char *duration_format(char buf[DURATION_FORMAT_BYTES], uint64_t ns);
