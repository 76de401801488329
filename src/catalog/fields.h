/* The catalog of fields: name, type, nullability and place in the views of each field of a report's rows */
#pragma once

#include "catalog/report.h"

/* The types match those of the members in catalog/report.h. A field's name ends with its unit: _ns, _bytes. */
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
	FIELD_OBJECT, /* an embedded struct; `of` has its fields */
	FIELD_POINTER, /* a pointer to a struct; NULL is null */
	FIELD_ROWS, /* a list of structs */
	FIELD_MAP, /* rows as an object: the first field of a row is the key, the other fields make the value */
	FIELD_NUMBERS, /* rows as an object: the first field is the key, the second is the value */
	FIELD_BUCKETS, /* [[lower_ns, count], ...] */
};

enum field_flags {
	FIELD_NULL = 1 << 0, /* may be null; optional types and pointers always may */
	FIELD_ABSENT = 1 << 1, /* left out if it is an empty list or unknown */
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
	uint64_t max; /* the largest number; 0: 2^53 */
	/* For stalls only: */
	unsigned kinds; /* the kinds that have the field, a bit each; it is null in others; 0: all */
	/* The position of the CSV column, which must not change (list or object: of its fields). 0: no column. */
	unsigned column;
	const char *heading; /* in the details of the HTML page */
	const char *words_behind; /* text for people after a number other than 0: "3ms BEHIND" */
	const char *attribute; /* in OpenTelemetry, of a stall or of its first culprit */
};

struct fields {
	const struct field *list;
	size_t count, row_bytes;
};

extern const struct fields report_fields, stall_fields, culprit_fields, waker_fields,
	process_fields, span_fields, shake_fields;

/* The fields of the run (of the report, and of its run.ci) that CSV and NDJSON repeat in front of each stall. */
extern const struct fields run_column_fields, ci_column_fields;

/* The word with this number; NULL: none. */
static inline const char *words_name(const struct words *words, size_t number)
{
	return number < words->count ? *(const char *const *)((const char *)words->first +
							      number * words->stride_bytes)
				     : NULL;
}
