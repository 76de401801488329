/* Turn bytes of unknown origin into text that is safe for JSON and for a terminal */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Returns the number of leading bytes that are well-formed UTF-8 (The Unicode Standard, table 3-7:
 * no surrogates, no overlong forms, nothing above U+10FFFF) and not NUL. The result is n if the
 * bytes can be used unchanged as a UTF-8 C string.
 */
size_t utf8_valid_len(const char *bytes, size_t n);

/*
 * Returns the length in bytes of the longest prefix of s that has at most max_bytes bytes and ends
 * between two characters. s must be valid UTF-8.
 */
size_t utf8_prefix_len(const char *s, size_t max_bytes);

/*
 * Returns the text as valid UTF-8 without NUL; the caller frees it. Each NUL and each maximal
 * ill-formed subsequence becomes one U+FFFD ("substitution of maximal subparts": Unicode 3.9 and
 * the WHATWG decoder). *ret_changed (may be NULL) is true if anything was replaced: then the caller
 * must keep the original bytes beside the text.
 */
char *utf8_sanitize(const char *bytes, size_t n, bool *ret_changed);

/* Returns two lower-case hexadecimal digits per byte; the caller frees the string. */
char *hex_encode(const char *bytes, size_t n);

/*
 * Returns the text made safe for a terminal; the caller frees it. C0 controls (newline too), DEL
 * and bytes that are not UTF-8 become \xNN; C1 controls, line and paragraph separators and
 * bidirectional controls become \u{NNNN}. An escaped name cannot move the cursor or reorder the
 * text beside it. Backslashes stay as they are, so that escaping twice gives the same as escaping
 * once.
 */
char *terminal_escape(const char *utf8);

/*
 * Returns the text made safe for the log of a CI system; the caller frees it. A # after another #
 * becomes \x23, because some systems take "##[" and "##vso[" anywhere in a line as commands.
 */
char *log_command_escape(const char *text);
