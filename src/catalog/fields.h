/* The fields of each row of a report: name, type, whether it may be null, and where views show it */
#pragma once

#include "catalog/report.h"

/* By the type of the member in catalog/report.h. A name tells the unit: _ns, _bytes. */
enum field_type {
	FIELD_U64,
	FIELD_OPTIONAL_U64,
	FIELD_OPTIONAL_I64,
	FIELD_BOOL,
	FIELD_OPTIONAL_BOOL,
	FIELD_NUMBER, /* double */
	FIELD_TEXT,
	FIELD_TEXTS,
	FIELD_WORD,
	FIELD_OBJECT, /* a struct in its place, with the fields of `of` */
	FIELD_POINTER, /* the same, but it may be null */
	FIELD_ROWS, /* a list of such */
	FIELD_MAP, /* an object with any keys: rows, the first member of which is the key, and each has the other fields */
	FIELD_NUMBERS, /* the same, but each has the second one alone, without a name */
	FIELD_BUCKETS, /* [[lower_ns, count], ...] */
};

enum field_flags {
	FIELD_NULL = 1 << 0, /* may be null; the optional types and pointers always may */
	FIELD_ABSENT = 1 << 1, /* a list that is left out rather than empty */
	FIELD_OPEN = 1 << 2, /* a later version may have more words */
	FIELD_TRACE = 1 << 3, /* an argument of events in the trace view */
};

struct words {
	const char *const *first; /* NULL: a number without a word */
	size_t count, stride_bytes;
};

struct field {
	const char *name;
	enum field_type type;
	unsigned flags;
	size_t offset;
	const struct fields *of;
	const struct words *words;
	uint64_t max; /* of a number; 0: 2^53 */
	/* Of stalls: */
	unsigned kinds; /* others have null; 0: all have it */
	/* Its place among the columns of CSV, which must not move; a list or an object: of its own fields. 0: none. */
	unsigned column;
	const char *heading; /* in the page's details */
	const char *
		words_behind; /* for people: "3ms BEHIND", after what the stall was, unless it is 0 */
	const char *attribute; /* in OpenTelemetry, of a stall or, within it, of its first culprit */
};

struct fields {
	const struct field *list;
	size_t count, row_bytes;
};

extern const struct fields report_fields, stall_fields, culprit_fields, waker_fields,
	process_fields, span_fields;

/* What CSV and NDJSON say about the run in front of each of its stalls: of a report, and of its run.ci. */
extern const struct fields run_column_fields, ci_column_fields;

/* The word with that number; NULL: there is none. */
static inline const char *words_name(const struct words *words, size_t number)
{
	return number < words->count ? *(const char *const *)((const char *)words->first +
							      number * words->stride_bytes)
				     : NULL;
}
