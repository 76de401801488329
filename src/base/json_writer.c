/* Write JSON to a stream value by value, without a tree in memory */
#include "base/json_writer.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/utf8.h"
#include "base/util.h"

/*
 * Objects and arrays of rows are spread over lines down to this depth; deeper levels are compact.
 */
#define SPREAD_DEPTH 2

#define EXACT_MAX (INT64_C(1) << 53)

/* -- Strings --------------------------------------------------------------------------------------- */

/*
 * Decodes a character that could deceive a terminal or a reader: C1 controls, line and paragraph
 * separators, bidirectional controls. s is valid UTF-8. Returns its length in bytes, 0 for other
 * characters.
 */
static size_t decode_deceptive(const unsigned char *s, unsigned int *ret_code)
{
	unsigned int code;

	if (s[0] == 0xc2 && s[1] < 0xa0) {
		*ret_code = s[1];
		return 2;
	}
	if (s[0] == 0xd8 && s[1] == 0x9c) {
		*ret_code = 0x61c;
		return 2;
	}
	if (s[0] != 0xe2)
		return 0;
	code = 0x2000u | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
	if (code != 0x200e && code != 0x200f && !(code >= 0x2028 && code <= 0x202e) &&
	    !(code >= 0x2066 && code <= 0x2069))
		return 0;
	*ret_code = code;
	return 3;
}

/* Returns false for characters that may need escaping, and for the final NUL. */
static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '#';
}

/* Prints the character at s, which is not the final NUL, and returns its length in bytes. */
static size_t print_escaped(const unsigned char *s, FILE *out)
{
	unsigned int code;
	size_t taken = decode_deceptive(s, &code);

	if (taken) {
		fprintf(out, "\\u%04x", code);
		return taken;
	}
	if (*s == '"' || *s == '\\')
		fprintf(out, "\\%c", *s);
	else if (*s < 0x20 || *s == 0x7f || (*s == '#' && s[1] == '#'))
		fprintf(out, "\\u%04x", *s);
	else
		putc_unlocked(*s, out);
	return 1;
}

static size_t plain_bytes(const char *text)
{
	size_t bytes = 0;

	while (is_plain((unsigned char)text[bytes]))
		bytes++;
	return bytes;
}

static void print_escaping(const char *text, FILE *out)
{
	_cleanup_free_ char *clean = NULL;
	size_t length = strlen(text);

	if (utf8_valid_len(text, length) != length) {
		clean = utf8_sanitize(text, length, NULL);
		text = clean;
	}
	for (size_t bytes; *text; text += bytes) {
		bytes = plain_bytes(text);
		if (bytes)
			fwrite_unlocked(text, 1, bytes, out);
		else
			bytes = print_escaped((const unsigned char *)text, out);
	}
}

void json_print_text(const char *text, FILE *out)
{
	size_t bytes = plain_bytes(text);

	putc_unlocked('"', out);
	/* Nearly all texts of a report need no escaping. */
	if (bytes && !text[bytes])
		fwrite_unlocked(text, 1, bytes, out);
	else
		print_escaping(text, out);
	putc_unlocked('"', out);
}

/* -- Levels ---------------------------------------------------------------------------------------- */

static void print_newline(unsigned depth, FILE *out)
{
	putc_unlocked('\n', out);
	for (unsigned i = 0; i < depth; i++)
		fputs_unlocked("  ", out);
}

void json_writer_open(struct json_writer *json, FILE *out, enum json_layout layout)
{
	*json = (struct json_writer){.out = out, .layout = layout};
}

/* Writes the separator, the line break and the key before a value. */
static void begin_value(struct json_writer *json, const char *key, bool is_object)
{
	struct json_level *level = json->open ? &json->levels[json->open - 1] : NULL;

	if (!level)
		return;
	if (level->count++)
		putc_unlocked(',', json->out);
	else if (!level->is_object)
		level->spread = is_object && level->depth <= SPREAD_DEPTH;
	if (level->spread)
		print_newline(level->depth + 1, json->out);
	if (key) {
		json_print_text(key, json->out);
		fputs_unlocked(level->spread ? ": " : ":", json->out);
	}
}

static void open_level(struct json_writer *json, bool is_object)
{
	const struct json_level *above = json->open ? &json->levels[json->open - 1] : NULL;
	struct json_level *level;
	/* A row is one line, whatever it contains. */
	unsigned depth = above ? above->is_object && above->spread ? above->depth + 1
								   : SPREAD_DEPTH + 1
			 : json->layout == JSON_COMPACT ? SPREAD_DEPTH + 1
							: 0;

	if (json->open == JSON_DEPTH_MAX)
		abort();
	level = &json->levels[json->open++];
	*level = (struct json_level){
		.is_object = is_object,
		.spread = is_object && depth < SPREAD_DEPTH,
		.depth = depth,
	};
	putc_unlocked(is_object ? '{' : '[', json->out);
}

void json_open_object(struct json_writer *json, const char *key)
{
	begin_value(json, key, true);
	open_level(json, true);
}

void json_open_array(struct json_writer *json, const char *key)
{
	begin_value(json, key, false);
	open_level(json, false);
}

void json_close(struct json_writer *json)
{
	const struct json_level *level = &json->levels[--json->open];

	if (level->spread && level->count)
		print_newline(level->depth, json->out);
	putc_unlocked(level->is_object ? '}' : ']', json->out);
}

/* -- Values ---------------------------------------------------------------------------------------- */

void json_put_raw(struct json_writer *json, const char *key, const char *value)
{
	begin_value(json, key, false);
	fputs_unlocked(value, json->out);
}

void json_put_null(struct json_writer *json, const char *key)
{
	json_put_raw(json, key, "null");
}

void json_put_tool(struct json_writer *json)
{
	json_open_object(json, "tool");
	json_put_text(json, "name", "latwrap");
	json_put_text(json, "version", LATWRAP_VERSION);
	json_close(json);
}

void json_put_bool(struct json_writer *json, const char *key, bool value)
{
	json_put_raw(json, key, value ? "true" : "false");
}

void json_put_text(struct json_writer *json, const char *key, const char *text)
{
	if (!text) {
		json_put_null(json, key);
		return;
	}
	begin_value(json, key, false);
	if (json->room.text_bytes &&
	    strnlen(text, json->room.text_bytes + 1) > json->room.text_bytes) {
		_cleanup_free_ char *clean = utf8_sanitize(text, json->room.text_bytes, NULL);
		_cleanup_free_ char *part = xasprintf("%s...", clean);

		json_print_text(part, json->out);
		return;
	}
	json_print_text(text, json->out);
}

size_t json_items(const struct json_writer *json, size_t count)
{
	return json->room.items && json->open > json->room.whole_levels
		       ? MIN(count, json->room.items)
		       : count;
}

/* Prints the same as "%" PRIu64, but much faster. */
static void print_digits(bool negative, uint64_t rest, FILE *out)
{
	char digits[24], *at = digits + sizeof(digits);

	do
		*--at = (char)('0' + rest % 10);
	while (rest /= 10);
	if (negative)
		*--at = '-';
	fwrite_unlocked(at, 1, (size_t)(digits + sizeof(digits) - at), out);
}

void json_put_u64(struct json_writer *json, const char *key, uint64_t value)
{
	begin_value(json, key, false);
	print_digits(false, MIN(value, (uint64_t)EXACT_MAX), json->out);
}

void json_put_i64(struct json_writer *json, const char *key, int64_t value)
{
	value = MAX(MIN(value, EXACT_MAX), -EXACT_MAX);
	begin_value(json, key, false);
	print_digits(value < 0, (uint64_t)(value < 0 ? -value : value), json->out);
}

void json_put_number(struct json_writer *json, const char *key, double value)
{
	char buf[64];

	if (!isfinite(value)) {
		json_put_null(json, key);
		return;
	}
	if (fabs(value) <= (double)EXACT_MAX && (double)(int64_t)value == value) {
		json_put_i64(json, key, (int64_t)value);
		return;
	}
	snprintf(buf, sizeof(buf), "%.15g", value);
	if (strtod(buf, NULL) != value)
		snprintf(buf, sizeof(buf), "%.17g", value);
	/* The decimal point depends on the locale. */
	for (char *p = buf; *p; p++)
		*p = strchr("+-0123456789e", *p) ? *p : '.';
	json_put_raw(json, key, buf);
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
