/* A report file, read as untrusted input */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/util.h"

/*
 * A report may come from anybody: an artifact of somebody's pull request, a crash in mid-write, a
 * file that is not a report at all. Reading is bounded in file size, in nesting (cJSON's
 * CJSON_NESTING_LIMIT) and in the number of values, which is what memory follows: two bytes of
 * JSON make about a hundred bytes of cJSON. After that nothing is assumed: the accessors below
 * give a default for whatever is missing or of another type.
 */

/* What is written as "schema_version", and the newest that is read. */
#define REPORT_SCHEMA_VERSION 1

#define REPORT_FILE_BYTES_MAX (UINT64_C(256) << 20)
#define REPORT_VALUES_MAX     (UINT64_C(8) << 20)

DEFINE_CLEANUP(cJSON *, cJSON_Delete);
#define _cleanup_json_ _cleanup_(cJSON_Deletep)

/*
 * Reads path ("-" is standard input), parses it and checks schema_version. On success *ret is the
 * report, for the caller to cJSON_Delete(). On failure one line is logged and -errno returned:
 * -EFBIG too large, -EINVAL not JSON or not a report, -EPROTONOSUPPORT a newer schema_version.
 */
int report_load(const char *path, cJSON **ret);

/* A file's bytes, up to REPORT_FILE_BYTES_MAX, without a NUL behind them. Failures likewise. */
int report_read_file(const char *path, char **ret, size_t *ret_size);

/* The same for a report already in memory; name is for messages. data need not end with NUL. */
int report_parse(const char *data, size_t size_bytes, const char *name, cJSON **ret);

/*
 * Accessors. path names a field below item, its steps joined by dots ("totals.cpu.count"); "" is
 * item itself. item may be NULL. Of duplicate keys the first counts. Nothing here fails.
 */

/* NULL when missing. A null value is found, as an item. */
const cJSON *report_get(const cJSON *item, const char *path);
/* Present and not null. */
bool report_known(const cJSON *item, const char *path);
/* NULL unless an object, or an array: good for cJSON_ArrayForEach(), which accepts NULL. */
const cJSON *report_object(const cJSON *item, const char *path);
const cJSON *report_array(const cJSON *item, const char *path);
/* The strings belong to the report; they need not be valid UTF-8. */
const char *report_string(const cJSON *item, const char *path, const char *fallback);
bool report_bool(const cJSON *item, const char *path, bool fallback);
/* Fractions are cut off, what is too large becomes UINT64_MAX; a negative number or a NaN is no
 * such number: fallback. */
uint64_t report_u64(const cJSON *item, const char *path, uint64_t fallback);
/* The same within INT64_MIN and INT64_MAX. */
int64_t report_i64(const cJSON *item, const char *path, int64_t fallback);
