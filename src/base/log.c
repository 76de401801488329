/* Messages to the user, on standard error */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/outlet.h"
#include "base/utf8.h"
#include "base/util.h"

static bool log_quiet;
static uint64_t patience_ns = OUTLET_NO_HURRY;

void log_set_patience(uint64_t ns)
{
	patience_ns = ns;
}

void log_text(const char *text, size_t size)
{
	struct outlet outlet;

	if (outlet_open(STDERR_FILENO, &outlet) < 0)
		return;
	if (outlet_write(&outlet, text, size, patience_ns) == -ETIMEDOUT)
		patience_ns = 0;
	outlet_close(&outlet);
}

/* Frees message; suffix may be NULL. */
static void log_line(char *message, const char *suffix)
{
	_cleanup_free_ char *owned = message;
	_cleanup_free_ char *clean = utf8_sanitize(owned, strlen(owned), NULL);
	_cleanup_free_ char *escaped = terminal_escape(clean);
	_cleanup_free_ char *shown = log_command_escape(escaped);
	_cleanup_free_ char *line =
		xasprintf("latwrap: %s%s%s\n", shown, suffix ? ": " : "", suffix ? suffix : "");

	log_text(line, strlen(line));
}

void log_error(const char *fmt, ...)
{
	int saved_errno = errno;
	va_list ap;

	va_start(ap, fmt);
	log_line(xvasprintf(fmt, ap), NULL);
	va_end(ap);
	errno = saved_errno;
}

void log_warning(const char *fmt, ...)
{
	int saved_errno = errno;
	va_list ap;

	va_start(ap, fmt);
	log_line(xvasprintf(fmt, ap), NULL);
	va_end(ap);
	errno = saved_errno;
}

void log_info(const char *fmt, ...)
{
	int saved_errno = errno;
	va_list ap;

	if (log_quiet)
		return;
	va_start(ap, fmt);
	log_line(xvasprintf(fmt, ap), NULL);
	va_end(ap);
	errno = saved_errno;
}

int log_errno(int err, const char *fmt, ...)
{
	int saved_errno = errno;
	va_list ap;

	err = err == 0 ? EIO : abs(err);
	va_start(ap, fmt);
	log_line(xvasprintf(fmt, ap), strerror(err));
	va_end(ap);
	errno = saved_errno;
	return -err;
}

void log_set_quiet(bool quiet)
{
	log_quiet = quiet;
}
