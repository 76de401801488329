/* Tests of base/utf8: ill-formed input, as WHATWG replaces it, and escapes for a terminal */
#include "base/utf8.h"

#include "base/util.h"
#include "tap.h"

#define FFFD           "\xef\xbf\xbd"
#define BYTES(literal) (literal), sizeof(literal) - 1

static const struct {
	const char *what, *bytes;
	size_t n;
	const char *expected;
	size_t valid_len;
} cases[] = {
	{"empty", BYTES(""), "", 0},
	{"ASCII", BYTES("latwrap"), "latwrap", 7},
	{"controls are valid", BYTES("a\tb\n\x7f"), "a\tb\n\x7f", 5},
	{"NUL inside", BYTES("a\0b"), "a" FFFD "b", 1},
	{"only NULs", BYTES("\0\0"), FFFD FFFD, 0},
	/* The first and last character of each length. */
	{"U+0080", BYTES("\xc2\x80"), "\xc2\x80", 2},
	{"U+07FF", BYTES("\xdf\xbf"), "\xdf\xbf", 2},
	{"U+0800", BYTES("\xe0\xa0\x80"), "\xe0\xa0\x80", 3},
	{"U+D7FF", BYTES("\xed\x9f\xbf"), "\xed\x9f\xbf", 3},
	{"U+E000", BYTES("\xee\x80\x80"), "\xee\x80\x80", 3},
	{"U+FFFD itself", BYTES(FFFD), FFFD, 3},
	{"U+FFFF", BYTES("\xef\xbf\xbf"), "\xef\xbf\xbf", 3},
	{"U+10000", BYTES("\xf0\x90\x80\x80"), "\xf0\x90\x80\x80", 4},
	{"U+10FFFF", BYTES("\xf4\x8f\xbf\xbf"), "\xf4\x8f\xbf\xbf", 4},
	/* What no table entry allows: one U+FFFD per maximal subpart. */
	{"lone continuation", BYTES("a\x80z"), "a" FFFD "z", 1},
	{"continuations", BYTES("\x80\xbf\x80"), FFFD FFFD FFFD, 0},
	{"latin-1", BYTES("caf\xe9"), "caf" FFFD, 3},
	{"overlong 2, C0", BYTES("\xc0\xaf"), FFFD FFFD, 0},
	{"overlong 2, C1", BYTES("\xc1\xbf"), FFFD FFFD, 0},
	{"overlong 3", BYTES("\xe0\x80\xaf"), FFFD FFFD FFFD, 0},
	{"overlong 3, highest", BYTES("\xe0\x9f\xbf"), FFFD FFFD FFFD, 0},
	{"overlong 4", BYTES("\xf0\x80\x80\xaf"), FFFD FFFD FFFD FFFD, 0},
	{"overlong 4, highest", BYTES("\xf0\x8f\xbf\xbf"), FFFD FFFD FFFD FFFD, 0},
	{"overlong NUL", BYTES("\xc0\x80"), FFFD FFFD, 0},
	{"surrogate D800", BYTES("\xed\xa0\x80"), FFFD FFFD FFFD, 0},
	{"surrogate DFFF", BYTES("\xed\xbf\xbf"), FFFD FFFD FFFD, 0},
	{"surrogate pair (CESU-8)", BYTES("\xed\xa0\xbd\xed\xb8\x80"),
	 FFFD FFFD FFFD FFFD FFFD FFFD, 0},
	{"U+110000", BYTES("\xf4\x90\x80\x80"), FFFD FFFD FFFD FFFD, 0},
	{"F5", BYTES("\xf5\x80\x80\x80"), FFFD FFFD FFFD FFFD, 0},
	{"five bytes", BYTES("\xf8\x88\x80\x80\x80"), FFFD FFFD FFFD FFFD FFFD, 0},
	{"FE FF", BYTES("\xfe\xff"), FFFD FFFD, 0},
	/* Truncated: what might have become a character is one subpart. */
	{"truncated 2", BYTES("a\xc3"), "a" FFFD, 1},
	{"truncated 3, one byte", BYTES("\xe2"), FFFD, 0},
	{"truncated 3, two bytes", BYTES("\xe2\x82"), FFFD, 0},
	{"truncated 4, three bytes", BYTES("\xf0\x9f\x98"), FFFD, 0},
	{"truncated, then ASCII", BYTES("\xe2\x82z"), FFFD "z", 0},
	{"truncated, then a character", BYTES("\xf0\x9f\x98\xc3\xa9"), FFFD "\xc3\xa9", 0},
	{"truncated twice", BYTES("\xe2\x82\xe2\x82"), FFFD FFFD, 0},
	{"NUL ends a sequence", BYTES("\xe2\x82\0"), FFFD FFFD, 0},
	/* The Unicode Standard, table 3-11 */
	{"table 3-11", BYTES("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"), FFFD FFFD FFFD FFFD "A", 0},
	/* The Unicode Standard, table 3-8 */
	{"table 3-8", BYTES("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41"),
	 FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD "A", 0},
};

/* A copy without a byte to spare, so that the address sanitizer sees any read past the end. */
static char *exact_copy(const char *bytes, size_t n)
{
	char *copy = xmalloc(n);

	memcpy(copy, bytes, n);
	return copy;
}

static void test_sanitize(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *bytes = exact_copy(cases[i].bytes, cases[i].n);
		bool expect_changed = cases[i].valid_len != cases[i].n;
		bool changed = !expect_changed;
		_cleanup_free_ char *text = utf8_sanitize(bytes, cases[i].n, &changed);
		_cleanup_free_ char *again = utf8_sanitize(text, strlen(text), NULL);

		if (!okf(streq(text, cases[i].expected), "sanitize: %s", cases[i].what)) {
			tap_print_string("got", text);
			tap_print_string("expected", cases[i].expected);
		}
		okf(utf8_valid_len(bytes, cases[i].n) == cases[i].valid_len, "valid length: %s",
		    cases[i].what);
		okf(changed == expect_changed, "changed or not: %s", cases[i].what);
		okf(streq(again, text), "sanitized text stays: %s", cases[i].what);
	}
}

/* Every sequence of three bytes with a lead from 0xe0 on, against the rules said another way. */
static void test_exhaustive_three_bytes(void)
{
	bool agree = true;

	for (unsigned lead = 0xe0; lead <= 0xef; lead++)
		for (unsigned rest = 0; rest < 0x10000; rest++) {
			char bytes[3] = {(char)lead, (char)(rest >> 8), (char)rest};
			unsigned second = rest >> 8, third = rest & 0xff;
			unsigned c = (lead & 0xf) << 12 | (second & 0x3f) << 6 | (third & 0x3f);
			bool valid = second >> 6 == 2 && third >> 6 == 2 && c >= 0x800 &&
				     (c < 0xd800 || c > 0xdfff);

			agree &= (utf8_valid_len(bytes, 3) == 3) == valid;
		}
	okf(agree, "three-byte sequences: all 1,048,576 with a lead of three");
}

static void test_prefix(void)
{
	is_u64(utf8_prefix_len("", 0), 0);
	is_u64(utf8_prefix_len("", 5), 0);
	is_u64(utf8_prefix_len("abc", 5), 3);
	is_u64(utf8_prefix_len("abc", 3), 3);
	is_u64(utf8_prefix_len("abc", 2), 2);
	is_u64(utf8_prefix_len("a\xe2\x82\xac", 4), 4);
	is_u64(utf8_prefix_len("a\xe2\x82\xac", 3), 1);
	is_u64(utf8_prefix_len("a\xe2\x82\xac", 2), 1);
	is_u64(utf8_prefix_len("a\xe2\x82\xac", 1), 1);
	is_u64(utf8_prefix_len("\xf0\x9f\x98\x80", 3), 0);
}

static void test_hex(void)
{
	_cleanup_free_ char *none = hex_encode("", 0);
	_cleanup_free_ char *some = hex_encode("\0\x01\x7f\x80\xff", 5);

	is_str(none, "");
	is_str(some, "00017f80ff");
}

static const struct {
	const char *text, *expected;
} escapes[] = {
	{"", ""},
	{"plain name.txt", "plain name.txt"},
	{"back\\slash", "back\\slash"},
	{"a\nb\tc\r", "a\\x0ab\\x09c\\x0d"},
	{"\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"},
	{"\x7f", "\\x7f"},
	{"\xc2\x80\xc2\x9b"
	 "31m\xc2\x9f\xc2\xa0",
	 "\\u{0080}\\u{009b}31m\\u{009f}\xc2\xa0"},
	{"\xe2\x80\xae"
	 "txt.exe",
	 "\\u{202e}txt.exe"},
	{"\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f", "\\u{061c}\\u{200e}\\u{200f}"},
	{"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa", "\\u{2028}\\u{2029}\\u{202a}"},
	{"\xe2\x81\xa6\xe2\x81\xa9", "\\u{2066}\\u{2069}"},
	{"\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xaa", "\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xaa"},
	{"\xf0\x9f\x98\x80 \xd7\x90", "\xf0\x9f\x98\x80 \xd7\x90"},
	{"\xff\xe2\x82", "\\xff\\xe2\\x82"},
};

static void test_escape(void)
{
	char worst[1001];

	for (size_t i = 0; i < ARRAY_SIZE(escapes); i++) {
		_cleanup_free_ char *shown = terminal_escape(escapes[i].text);
		_cleanup_free_ char *again = terminal_escape(shown);

		is_str(shown, escapes[i].expected);
		is_str(again, escapes[i].expected);
	}

	/* The buffer grows: the worst ratio of output to input is four. */
	memset(worst, 0x01, 1000);
	worst[1000] = '\0';
	_cleanup_free_ char *commands = log_command_escape("##[error] a#b ### #"),
			    *same = log_command_escape(commands);
	is_str(commands, "#\\x23[error] a#b #\\x23\\x23 #");
	is_str(same, commands);

	_cleanup_free_ char *controls = terminal_escape(worst);
	is_u64(strlen(controls), 4000);
	memset(worst, 0xff, 1000);
	_cleanup_free_ char *invalid = terminal_escape(worst);
	is_u64(strlen(invalid), 4000);
}

int main(void)
{
	test_sanitize();
	test_exhaustive_three_bytes();
	test_prefix();
	test_hex();
	test_escape();
	return tap_done();
}
