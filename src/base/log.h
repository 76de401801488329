/* Messages to the user, on standard error */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Every message is one line, "latwrap: ...", written in one piece so that it is not torn apart by
 * the command's own output. Control characters that come in through an argument (a newline
 * included) are shown escaped, and bytes that are not UTF-8 as U+FFFD: a file name cannot fake a
 * line or move the cursor. None of these functions changes errno.
 */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Logs "latwrap: MESSAGE: STRERROR" as an error. err is an errno in either sign.
 * Returns -|err|, or -EIO for 0, so that "return log_errno(...)" is always a failure. */
int log_errno(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Text that is fit for a terminal, as it is. */
void log_text(const char *text, size_t size);

/*
 * How long to wait for whoever reads standard error: a pipe may be full, for ever. The first time that this was not
 * enough is the last that it is waited for, until this is called again; OUTLET_NO_HURRY to begin with.
 */
void log_set_patience(uint64_t patience_ns);

/* Hides log_info(); errors and warnings are always shown. */
void log_set_quiet(bool quiet);
