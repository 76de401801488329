/* Read the JUnit files that a run has written (--junit), as untrusted input and in limited time */
#pragma once

#include <stddef.h>
#include <sys/stat.h>
#include <time.h>

#include "report/junit_file.h"
#include "run/user.h"

/* Why a file is left out, or not whole */
enum junit_trouble {
	JUNIT_OLD, /* not written during the run */
	JUNIT_NO_FILE, /* not a regular file */
	JUNIT_OF_OTHERS,
	JUNIT_UNREADABLE,
	JUNIT_TOO_LARGE,
	JUNIT_NO_XML,
	JUNIT_CUT, /* it ends too early; its first cases count */
	JUNIT_TROUBLES
};

struct junit_request {
	int directory_fd; /* where relative patterns start */
	char *const *patterns;
	size_t pattern_count;
	/* The user of the command, by whose rights the files are read; NULL: our own */
	const struct user_spec *user;
	struct timespec since; /* CLOCK_REALTIME: an older file does not count */
};

struct junit_files {
	struct junit_file *list; /* owned; only the cases are left, not the text */
	char **names; /* owned */
	size_t count;
	size_t troubles[JUNIT_TROUBLES];
	char *examples[JUNIT_TROUBLES]; /* owned: "'x.xml' is not a regular file", the first one */
	const char *unmatched; /* borrowed: the first pattern without a file; NULL: none */
	bool is_cut; /* there may be more files than a limit allows */
	bool is_late; /* reading took too long: there may be more */
};

/*
 * Nothing that the command does to files or file systems holds us up for longer than some seconds:
 * then *ret has what was read by then. The caller ends *ret with junit_files_done().
 */
void junit_read(const struct junit_request *request, struct junit_files *ret);
void junit_files_done(struct junit_files *files);
