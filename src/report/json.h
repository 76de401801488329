/* Small builders on top of cJSON, for what every part of a report has: ns, counts, hostile names. */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "model/image.h"
#include "model/model.h"

/* Integers up to 2^53 are exact in JSON (RFC 8259, section 6); larger ones saturate there. */
void json_u64(cJSON *object, const char *key, uint64_t value);
void json_i64(cJSON *object, const char *key, int64_t value);
/* null unless known */
void json_u64_known(cJSON *object, const char *key, uint64_t value, bool known);
/* Four decimals, for what is neither negative nor large; NAN becomes null. */
void json_rounded(cJSON *object, const char *key, double value);
void json_bool(cJSON *object, const char *key, bool value);
/* NULL becomes null; the text is taken as UTF-8 of our own. */
void json_text(cJSON *object, const char *key, const char *text);
/* Bytes that the command chose: invalid UTF-8 becomes U+FFFD. data NULL becomes null. */
void json_name(cJSON *object, const char *key, const char *data, size_t size);
/* The same, with a second field KEY_hex: the bytes, if UTF-8 could not show them, else null. */
void json_name_hex(cJSON *object, const char *key, const char *data, size_t size);
void json_comm(cJSON *object, const char *key, const char comm[COMM_BYTES]); /* with hex */
cJSON *json_object(cJSON *parent, const char *key);
cJSON *json_array(cJSON *parent, const char *key);
cJSON *json_row(cJSON *array);
void json_item(cJSON *array, const char *text); /* as json_name(), for an array */
/* [[lower_ns, count], ...], without the empty buckets */
void json_histogram(cJSON *object, const char *key, const struct hist_log2 *histogram);
/* RFC 3339 with ns, UTC. Returns buf. */
#define JSON_TIME_BYTES 64
const char *json_time(char buf[JSON_TIME_BYTES], const struct timespec *at);
/* Two arrays KEY and KEY_hex from NUL-separated arguments; KEY_hex is null if no argument needs it, and
 * both are if data is NULL. */
void json_argv(cJSON *object, const char *key, const char *data, size_t size);
