/* Converts data of a run to members of a report: hostile bytes, unknown values, words */
#pragma once

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "catalog/report.h"
#include "model/model.h"

static inline struct optional_u64 known_u64(uint64_t value, bool known)
{
	return (struct optional_u64){known ? value : 0, known};
}

static inline struct optional_i64 known_i64(int64_t value, bool known)
{
	return (struct optional_i64){known ? value : 0, known};
}

static inline struct word word_of(const char *const *names, int value)
{
	return (struct word){names[value], value};
}

/* The time since start_ns, at least 0 */
static inline uint64_t offset_ns(uint64_t time_ns, uint64_t start_ns)
{
	return time_ns > start_ns ? time_ns - start_ns : 0;
}

/* Rounds to four decimals. The value must be small and not negative. */
static inline double rounded(double value)
{
	const double scale = 10000;

	return isnan(value) ? NAN : (double)(int64_t)(value * scale + 0.5) / scale;
}

/* Converts bytes that the command chose: invalid UTF-8 becomes U+FFFD. NULL stays NULL. */
const char *fill_name(struct arena *memory, const char *data, size_t size_bytes);
const char *fill_text(struct arena *memory, const char *text);
const char *fill_comm(struct arena *memory, const char comm[COMM_BYTES]);
/* The bytes in hexadecimal if they are not valid UTF-8, else NULL */
const char *fill_hex(struct arena *memory, const char *data, size_t size_bytes);
/*
 * Splits NUL-separated arguments. The hexadecimal ones are NULL if no argument needs them; both are
 * NULL if data is NULL.
 */
void fill_argv(struct arena *memory, const char *data, size_t size_bytes, struct texts *ret_texts,
	       struct texts *ret_hex);
/* Copies the buckets that are not empty. */
struct report_bucket *fill_histogram(struct arena *memory, const struct hist_log2 *histogram,
				     size_t *ret_count);
