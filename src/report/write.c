/* The report as JSON, in a form that people can read and compare */
#include "report/write.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/utf8.h"
#include "report/target.h"

/* Objects and arrays of rows are spread over lines down to this depth, the rest is compact. */
#define SPREAD_DEPTH 2

/* The characters that a terminal or a reader's eye may take for something else: C1 controls, line
 * and paragraph separators, bidirectional controls. s is valid UTF-8. Returns the bytes taken. */
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

/* What may need a closer look is not: the end, too. */
static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '#';
}

/* The character at s, which is not the end; returns the bytes taken. */
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

void report_print_json_string(const char *text, FILE *out)
{
	size_t bytes = text ? plain_bytes(text) : 0;

	putc_unlocked('"', out);
	/* Nearly all are: what the report itself is made of. */
	if (bytes && !text[bytes])
		fwrite_unlocked(text, 1, bytes, out);
	else if (text)
		print_escaping(text, out);
	putc_unlocked('"', out);
}

/* Where an integer can be printed as one: up to what a 64-bit reader can take. */
static bool is_whole(double number)
{
	if (number < -0x1p63 || number >= 0x1p64)
		return false;
	/* From 2^53 on a double has no room for a fraction. */
	return number <= -0x1p53 || number >= 0x1p53 || (double)(int64_t)number == number;
}

/* As "%.0f" has it, and many times as fast. */
static void print_whole(double number, FILE *out)
{
	char digits[24], *at = digits + sizeof(digits);
	bool negative = number < 0;
	uint64_t rest = (uint64_t)(negative ? -number : number);

	do
		*--at = (char)('0' + rest % 10);
	while (rest /= 10);
	if (negative)
		*--at = '-';
	fwrite_unlocked(at, 1, (size_t)(digits + sizeof(digits) - at), out);
}

/* cJSON itself prints 1e15 as "1e+15", which strict readers take for a floating-point column. */
static void print_number(double number, FILE *out)
{
	char buf[64];

	/* cJSON makes them of 1e999. */
	if (!__builtin_isfinite(number)) {
		fputs("null", out);
		return;
	}
	if (is_whole(number)) {
		print_whole(number, out);
		return;
	}
	snprintf(buf, sizeof(buf), "%.15g", number);
	if (strtod(buf, NULL) != number)
		snprintf(buf, sizeof(buf), "%.17g", number);
	/* The decimal point is the locale's. */
	for (char *p = buf; *p; p++)
		putc(strchr("+-0123456789e", *p) ? *p : '.', out);
}

static void print_newline(unsigned int depth, FILE *out)
{
	putc_unlocked('\n', out);
	for (unsigned int i = 0; i < depth; i++)
		fputs_unlocked("  ", out);
}

/* The nesting, and so the recursion, is that of a tree which we built or cJSON parsed: bounded. */
static void print_value(const cJSON *item, unsigned int depth, FILE *out)
{
	bool object = cJSON_IsObject(item);
	const cJSON *child;
	bool spread;

	if (cJSON_IsString(item)) {
		report_print_json_string(item->valuestring, out);
	} else if (cJSON_IsNumber(item)) {
		print_number(item->valuedouble, out);
	} else if (cJSON_IsBool(item)) {
		fputs_unlocked(cJSON_IsTrue(item) ? "true" : "false", out);
	} else if (cJSON_IsRaw(item) && item->valuestring) {
		fputs_unlocked(item->valuestring, out);
	} else if (!object && !cJSON_IsArray(item)) {
		fputs_unlocked("null", out);
	} else {
		spread = item->child &&
			 (object ? depth < SPREAD_DEPTH
				 : depth <= SPREAD_DEPTH && cJSON_IsObject(item->child));
		putc_unlocked(object ? '{' : '[', out);
		cJSON_ArrayForEach(child, item) {
			if (child != item->child)
				putc_unlocked(',', out);
			if (spread)
				print_newline(depth + 1, out);
			if (object) {
				report_print_json_string(child->string, out);
				fputs_unlocked(spread ? ": " : ":", out);
			}
			/* A row is one line, whatever is in it. */
			print_value(child, spread && object ? depth + 1 : SPREAD_DEPTH + 1, out);
		}
		if (spread)
			print_newline(depth, out);
		putc_unlocked(object ? '}' : ']', out);
	}
}

void report_print_json_value(const cJSON *value, FILE *out)
{
	print_value(value, SPREAD_DEPTH + 1, out);
}

void report_print_json(const cJSON *report, FILE *out)
{
	print_value(report, 0, out);
	putc_unlocked('\n', out);
}

static int fill_json(FILE *out, void *userdata)
{
	report_print_json(userdata, out);
	return 0;
}

int report_write_to(const cJSON *report, struct report_target *target)
{
	return report_target_write(target, fill_json, (void *)report);
}

int report_write(const cJSON *report, const char *path, uid_t uid, gid_t gid)
{
	_cleanup_(report_target_closep) struct report_target *target = NULL;
	int r = report_target_open(path, uid, gid, &target);

	return r < 0 ? r : report_write_to(report, target);
}
