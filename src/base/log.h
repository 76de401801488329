/* Messages to the user, on standard error */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Each message is one line, "latwrap: ...", written in one piece so that output of the command does
 * not split it. Control characters in an argument (newline too) are escaped, and bytes that are not
 * UTF-8 become U+FFFD: a file name can neither fake a line nor move the cursor. None of these
 * functions changes errno.
 */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Logs "latwrap: MESSAGE: STRERROR" as an error. err is an errno value, positive or negative.
 * Returns -|err|, or -EIO if err is 0: the result of "return log_errno(...)" is always a failure.
 */
int log_errno(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Writes text that is already safe for a terminal, unchanged. */
void log_text(const char *text, size_t size);

/*
 * Sets how long a message may wait for the reader of standard error, which may be a full pipe that
 * nobody reads. After the first timeout, messages do not wait again until the next call of this
 * function. The default is OUTLET_NO_HURRY: no limit.
 */
void log_set_patience(uint64_t patience_ns);

/* Hides log_info() messages. Errors and warnings are always shown. */
void log_set_quiet(bool quiet);
