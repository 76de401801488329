/* Small builders on top of cJSON, for what every part of a report has: ns, counts, hostile names. */
#include "report/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "base/util.h"

#define EXACT_MAX (INT64_C(1) << 53)

/* cJSON reports a failed allocation by NULL; like base/util.h, a report takes none. */
static cJSON *must(cJSON *item)
{
	if (!item) {
		fputs("latwrap: out of memory\n", stderr);
		abort();
	}
	return item;
}

static void add(cJSON *object, const char *key, cJSON *item)
{
	cJSON_AddItemToObjectCS(object, key, must(item));
}

void json_u64(cJSON *object, const char *key, uint64_t value)
{
	add(object, key, cJSON_CreateNumber(MIN(value, (uint64_t)EXACT_MAX)));
}

void json_i64(cJSON *object, const char *key, int64_t value)
{
	add(object, key, cJSON_CreateNumber(MAX(MIN(value, EXACT_MAX), -EXACT_MAX)));
}

void json_u64_known(cJSON *object, const char *key, uint64_t value, bool known)
{
	if (known)
		json_u64(object, key, value);
	else
		json_text(object, key, NULL);
}

void json_rounded(cJSON *object, const char *key, double value)
{
	const double scale = 10000;

	if (isnan(value))
		json_text(object, key, NULL);
	else
		add(object, key, cJSON_CreateNumber((int64_t)(value * scale + 0.5) / scale));
}

void json_bool(cJSON *object, const char *key, bool value)
{
	add(object, key, cJSON_CreateBool(value));
}

void json_text(cJSON *object, const char *key, const char *text)
{
	add(object, key, text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static cJSON *sanitized(const char *data, size_t size, bool *ret_changed)
{
	_cleanup_free_ char *text = utf8_sanitize(data, size, ret_changed);

	return must(cJSON_CreateString(text));
}

static cJSON *hex(const char *data, size_t size)
{
	_cleanup_free_ char *text = hex_encode(data, size);

	return must(cJSON_CreateString(text));
}

void json_name(cJSON *object, const char *key, const char *data, size_t size)
{
	bool changed;

	add(object, key, data ? sanitized(data, size, &changed) : cJSON_CreateNull());
}

void json_name_hex(cJSON *object, const char *key, const char *data, size_t size)
{
	_cleanup_free_ char *hex_key = xasprintf("%s_hex", key);
	bool changed = false;

	add(object, key, data ? sanitized(data, size, &changed) : cJSON_CreateNull());
	cJSON_AddItemToObject(object, hex_key,
			      changed ? hex(data, size) : must(cJSON_CreateNull()));
}

void json_comm(cJSON *object, const char *key, const char comm[COMM_BYTES])
{
	json_name_hex(object, key, comm, strnlen(comm, COMM_BYTES));
}

cJSON *json_object(cJSON *parent, const char *key)
{
	return must(cJSON_AddObjectToObject(parent, key));
}

cJSON *json_array(cJSON *parent, const char *key)
{
	return must(cJSON_AddArrayToObject(parent, key));
}

cJSON *json_row(cJSON *array)
{
	cJSON *row = must(cJSON_CreateObject());

	cJSON_AddItemToArray(array, row);
	return row;
}

void json_item(cJSON *array, const char *text)
{
	bool changed;

	cJSON_AddItemToArray(array, sanitized(text, strlen(text), &changed));
}

void json_histogram(cJSON *object, const char *key, const struct hist_log2 *histogram)
{
	cJSON *array = json_array(object, key);

	for (unsigned i = 0; i < HIST_LOG2_BUCKETS; i++) {
		cJSON *pair;

		if (!histogram->buckets[i])
			continue;
		pair = must(cJSON_CreateArray());
		cJSON_AddItemToArray(pair, must(cJSON_CreateNumber(hist_log2_lower(i))));
		cJSON_AddItemToArray(pair, must(cJSON_CreateNumber(histogram->buckets[i])));
		cJSON_AddItemToArray(array, pair);
	}
}

void json_argv(cJSON *object, const char *key, const char *data, size_t size)
{
	_cleanup_free_ char *hex_key = xasprintf("%s_hex", key);
	cJSON *texts = must(data ? cJSON_CreateArray() : cJSON_CreateNull());
	cJSON *hexes = must(cJSON_CreateArray());
	bool any_changed = false;

	add(object, key, texts);
	for (size_t at = 0; data && at < size;) {
		size_t length = strnlen(data + at, size - at);
		bool changed = false;

		cJSON_AddItemToArray(texts, sanitized(data + at, length, &changed));
		cJSON_AddItemToArray(hexes,
				     changed ? hex(data + at, length) : must(cJSON_CreateNull()));
		any_changed |= changed;
		at += length + 1;
	}
	if (!any_changed) {
		cJSON_Delete(hexes);
		hexes = must(cJSON_CreateNull());
	}
	cJSON_AddItemToObject(object, hex_key, hexes);
}

const char *json_time(char buf[JSON_TIME_BYTES], const struct timespec *at)
{
	char seconds[32];
	struct tm utc;

	gmtime_r(&at->tv_sec, &utc);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(buf, JSON_TIME_BYTES, "%s.%09ldZ", seconds, at->tv_nsec);
	return buf;
}
