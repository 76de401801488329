/* Bytes of unknown origin into text that is safe for JSON and for a terminal */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The number of leading bytes that are well-formed UTF-8 (The Unicode Standard, table 3-7: no
 * surrogates, nothing overlong, nothing above U+10FFFF) and not NUL. Equal to n when bytes can be
 * used as a C string of UTF-8 as it stands.
 */
size_t utf8_valid_len(const char *bytes, size_t n);

/* The length of the longest prefix of the valid UTF-8 string s that is at most max_bytes long and
 * ends between two characters. */
size_t utf8_prefix_len(const char *s, size_t max_bytes);

/*
 * The same text as valid UTF-8 without NUL: each maximal ill-formed subsequence, as in the WHATWG
 * decoder and Unicode 3.9 ("substitution of maximal subparts"), and each NUL becomes one U+FFFD.
 * The caller frees the result. ret_changed (may be NULL) tells whether anything was replaced, that
 * is, whether the original bytes must be kept beside it.
 */
char *utf8_sanitize(const char *bytes, size_t n, bool *ret_changed);

/* Two lower-case digits per byte. The caller frees the result. */
char *hex_encode(const char *bytes, size_t n);

/*
 * The same text for a terminal: C0 controls (a newline included) and DEL are shown as \xNN, C1
 * controls, line and paragraph separators and bidirectional controls as \u{NNNN}, a byte that is
 * not UTF-8 as \xNN. A name shown so can neither move the cursor nor reorder what stands beside it.
 * Backslashes are left alone, so that escaping twice is the same as once. The caller frees the
 * result.
 */
char *terminal_escape(const char *utf8);

/*
 * The same text for a CI system's log: a # after another is shown as \x23, as "##[" and "##vso[" anywhere
 * in a line are commands to some. The caller frees the result.
 */
char *log_command_escape(const char *text);
