/* Turn bytes of unknown origin into text that is safe for JSON and for a terminal */
#include "base/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"

#define CODEPOINT_INVALID UINT32_MAX
#define REPLACEMENT       "\xef\xbf\xbd" /* U+FFFD */
#define ESCAPED_MAX_BYTES sizeof("\\u{10ffff}")

/*
 * Decodes the sequence at p; n > 0. Returns its length in bytes. An ill-formed sequence sets
 * *ret_codepoint to CODEPOINT_INVALID, and its length is that of its maximal subpart: the bytes
 * that could begin a character, without the byte that proved the sequence wrong, but at least 1.
 */
static size_t decode(const unsigned char *p, size_t n, uint32_t *ret_codepoint)
{
	/*
	 * Limits of the second byte. They exclude overlong forms, surrogates and code points above
	 * U+10FFFF.
	 */
	unsigned char low = 0x80, high = 0xbf;
	uint32_t codepoint;
	size_t length;

	*ret_codepoint = CODEPOINT_INVALID;
	if (p[0] < 0x80) {
		*ret_codepoint = p[0];
		return 1;
	} else if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		length = 2;
		codepoint = p[0] & 0x1f;
	} else if (p[0] >= 0xe0 && p[0] <= 0xef) {
		length = 3;
		codepoint = p[0] & 0x0f;
		if (p[0] == 0xe0)
			low = 0xa0;
		if (p[0] == 0xed)
			high = 0x9f;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		length = 4;
		codepoint = p[0] & 0x07;
		if (p[0] == 0xf0)
			low = 0x90;
		if (p[0] == 0xf4)
			high = 0x8f;
	} else {
		return 1;
	}

	for (size_t i = 1; i < length; i++) {
		if (i >= n || p[i] < low || p[i] > high)
			return i;
		codepoint = codepoint << 6 | (p[i] & 0x3f);
		low = 0x80;
		high = 0xbf;
	}
	*ret_codepoint = codepoint;
	return length;
}

size_t utf8_valid_len(const char *bytes, size_t n)
{
	const unsigned char *p = (const unsigned char *)bytes;
	size_t i = 0;

	while (i < n) {
		uint32_t codepoint;
		size_t length = decode(p + i, n - i, &codepoint);

		if (codepoint == CODEPOINT_INVALID || codepoint == 0)
			break;
		i += length;
	}
	return i;
}

size_t utf8_prefix_len(const char *s, size_t max_bytes)
{
	size_t n = strnlen(s, max_bytes);

	/* A cut before a continuation byte would split a character. */
	if (n == max_bytes)
		while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
			n--;
	return n;
}

char *utf8_sanitize(const char *bytes, size_t n, bool *ret_changed)
{
	const unsigned char *p = (const unsigned char *)bytes;
	const size_t replacement_len = strlen(REPLACEMENT);
	bool changed = false;
	size_t out_len = 0, used = 0;
	char *out;

	/*
	 * Two passes, so that the allocation has the exact size: names are short and nearly always
	 * valid.
	 */
	for (size_t i = 0; i < n;) {
		size_t valid = utf8_valid_len(bytes + i, n - i);
		uint32_t codepoint;

		i += valid;
		out_len += valid;
		if (i < n) {
			i += decode(p + i, n - i, &codepoint);
			out_len += replacement_len;
		}
	}

	out = xmalloc(out_len + 1);
	for (size_t i = 0; i < n;) {
		size_t valid = utf8_valid_len(bytes + i, n - i);
		uint32_t codepoint;

		memcpy(out + used, bytes + i, valid);
		i += valid;
		used += valid;
		if (i < n) {
			i += decode(p + i, n - i, &codepoint);
			memcpy(out + used, REPLACEMENT, replacement_len);
			used += replacement_len;
			changed = true;
		}
	}
	out[used] = '\0';
	if (ret_changed)
		*ret_changed = changed;
	return out;
}

char *hex_encode(const char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	char *out = xreallocarray(NULL, n + 1, 2);

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[(unsigned char)bytes[i] >> 4];
		out[2 * i + 1] = digits[(unsigned char)bytes[i] & 0xf];
	}
	out[2 * n] = '\0';
	return out;
}

static bool is_control(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c <= 0x9f)) /* C0, DEL, C1 */
		return true;
	if (c == 0x2028 || c == 0x2029) /* line and paragraph separator */
		return true;
	/* UAX #9, table 2 (explicit controls), and the implicit marks ALM, LRM and RLM */
	return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

char *terminal_escape(const char *utf8)
{
	const unsigned char *p = (const unsigned char *)utf8;
	size_t n = strlen(utf8), used = 0, room = n + ESCAPED_MAX_BYTES;
	char *out = xmalloc(room);

	for (size_t i = 0; i < n;) {
		uint32_t codepoint;
		size_t length = decode(p + i, n - i, &codepoint);

		if (room - used < length * 4 + ESCAPED_MAX_BYTES) {
			room = room * 2 + 4 * ESCAPED_MAX_BYTES;
			out = xrealloc(out, room);
		}
		if (codepoint == CODEPOINT_INVALID) {
			for (size_t k = i; k < i + length; k++)
				used += (size_t)sprintf(out + used, "\\x%02x", p[k]);
		} else if (!is_control(codepoint)) {
			memcpy(out + used, p + i, length);
			used += length;
		} else {
			used += (size_t)sprintf(
				out + used, codepoint < 0x80 ? "\\x%02x" : "\\u{%04x}", codepoint);
		}
		i += length;
	}
	out[used] = '\0';
	return out;
}

char *log_command_escape(const char *text)
{
	char *out = xmalloc(strlen(text) * 4 + 1), *to = out;

	for (const char *from = text; *from; from++) {
		if (from > text && from[0] == '#' && from[-1] == '#')
			to = stpcpy(to, "\\x23");
		else
			*to++ = *from;
	}
	*to = '\0';
	return out;
}
