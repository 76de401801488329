/* A report file, read as untrusted input into struct report */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/util.h"
#include "catalog/fields.h"

/*
 * A report may come from anybody: an artifact of a pull request, a crash in the middle of a write,
 * a file that is not a report. Limits bound the file size, the nesting (cJSON's
 * CJSON_NESTING_LIMIT) and the number of values. The number of values bounds the memory: two bytes
 * of JSON take about a hundred bytes of cJSON. Then each field is checked against its line in
 * catalog/fields.c. So all members of a struct report are valid, except that texts may have any
 * content.
 */

#define REPORT_FILE_BYTES_MAX (UINT64_C(256) << 20)
#define REPORT_VALUES_MAX     (UINT64_C(8) << 20)

DEFINE_CLEANUP(cJSON *, cJSON_Delete);
#define _cleanup_json_ _cleanup_(cJSON_Deletep)

/*
 * Counts at least as many values as cJSON would allocate for a text, without allocating. Must be
 * zeroed at first.
 */
struct value_counter {
	uint64_t count;
	bool in_string, in_escape;
};

/* Counts the next part of the text. */
void value_counter_add(struct value_counter *counter, const char *data, size_t size);

/* Frees all but the reports of attempts, unless report->memory owns them. Returns NULL. */
struct report *report_free(struct report *report);
DEFINE_CLEANUP(struct report *, report_free);
#define _cleanup_report_ _cleanup_(report_freep)

/*
 * Reads path ("-" is standard input). On success, the caller ends *ret with report_free(). On
 * failure, logs one line that names the wrong field and returns -errno: -EFBIG too large, -EINVAL
 * not JSON or not a report, -EPROTONOSUPPORT a newer schema_version.
 */
int report_load(const char *path, struct report **ret);

/*
 * Reads the bytes of a file, at most REPORT_FILE_BYTES_MAX; adds no NUL. Fails like report_load().
 */
int report_read_file(const char *path, char **ret, size_t *ret_size);

/* The same from a descriptor; logs nothing. */
int report_read_fd(int fd, char **ret, size_t *ret_size);

/* The same for a report in memory; name is for messages. data need not end with a NUL. */
int report_parse(const char *data, size_t size_bytes, const char *name, struct report **ret);

/*
 * Only the JSON of it. Returns NULL and *ret_error as report_load() does. The caller ends it with
 * cJSON_Delete().
 */
cJSON *report_parse_json(const char *data, size_t size_bytes, const char *name, int *ret_error);

/*
 * Reads any object by the table of its fields into *row, which must be zeroed. memory owns texts
 * and lists.
 */
int fields_read(const cJSON *object, const struct fields *fields, const char *name,
		struct arena *memory, void *row);
