/* A report file, read as untrusted input into struct report */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/util.h"
#include "catalog/fields.h"

/*
 * A report may come from anybody: an artifact of somebody's pull request, a crash in mid-write, a
 * file that is not a report at all. Reading is bounded in file size, in nesting (cJSON's
 * CJSON_NESTING_LIMIT) and in the number of values, which is what memory follows: two bytes of
 * JSON make about a hundred bytes of cJSON, while it is read. Then each field is checked by its line
 * in catalog/fields.c: who has a struct report need not doubt any member of it, but for what texts
 * consist of.
 */

#define REPORT_FILE_BYTES_MAX (UINT64_C(256) << 20)
#define REPORT_VALUES_MAX     (UINT64_C(8) << 20)

DEFINE_CLEANUP(cJSON *, cJSON_Delete);
#define _cleanup_json_ _cleanup_(cJSON_Deletep)

/* At least as many values as cJSON would allocate for a text, found without allocating; zeroed to begin with. */
struct value_counter {
	uint64_t count;
	bool in_string, in_escape;
};

/* The next part of the text. */
void value_counter_add(struct value_counter *counter, const char *data, size_t size);

/* Frees all but the reports of attempts that are not in report->memory. Returns NULL. */
struct report *report_free(struct report *report);
DEFINE_CLEANUP(struct report *, report_free);
#define _cleanup_report_ _cleanup_(report_freep)

/*
 * Reads path ("-" is standard input). On success *ret is the report, for the caller to report_free(). On failure one line
 * is logged, which names the field that is wrong, and -errno returned: -EFBIG too large, -EINVAL not JSON or not a
 * report, -EPROTONOSUPPORT a newer schema_version.
 */
int report_load(const char *path, struct report **ret);

/* A file's bytes, up to REPORT_FILE_BYTES_MAX, without a NUL behind them. Failures likewise. */
int report_read_file(const char *path, char **ret, size_t *ret_size);

/* The same for a report already in memory; name is for messages. data need not end with NUL. */
int report_parse(const char *data, size_t size_bytes, const char *name, struct report **ret);

/* Reads any object by a table of its fields into *row, which is zeroed. Texts and lists go into memory. */
int fields_read(const cJSON *object, const struct fields *fields, const char *name,
		struct arena *memory, void *row);
