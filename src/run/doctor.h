/* Try each part that a run needs on this machine, and say what to do about the missing ones */
#pragma once

#include <stddef.h>

#include "model/facts.h"

enum check_status {
	CHECK_OK,
	CHECK_OPTIONAL_MISSING, /* a run is fully measured without this part */
	CHECK_MISSING,
};
extern const char *const check_status_names[]; /* "ok", "optional-missing", "missing" */

/* The strings are owned; advice and log may be NULL. All are one line except log. */
struct check {
	char *name;
	enum check_status status;
	char *detail; /* what was found or is wrong */
	char *advice; /* what to do about it */
	char *log; /* of the BPF verifier */
};

struct diagnosis {
	enum trace_status status; /* of a run started now */
	size_t check_count;
	struct check *checks;
};

/*
 * Tries each part as a run does: makes a cgroup and a process in it, loads and attaches the BPF
 * programs; then removes everything. Works without privileges and says what is missing. faults is
 * LATWRAP_FAULT and may be NULL. Takes about 1 s and never fails. The caller frees *ret with
 * diagnosis_done().
 */
void doctor_examine(const char *faults, struct diagnosis *ret);
void diagnosis_done(struct diagnosis *diagnosis);

/*
 * Adds a check. Takes ownership of detail and advice; advice may be NULL. The result is valid until
 * the next call.
 */
struct check *diagnosis_add(struct diagnosis *diagnosis, const char *name, enum check_status status,
			    char *detail, char *advice);

/* Implemented in doctor_system.c: checks of files of the kernel */
struct system_state {
	bool privileged; /* the capabilities allow to load BPF programs for tracing */
	bool new_enough; /* the kernel is not too old */
	bool confidential; /* lockdown does not let BPF read kernel memory */
};
void doctor_check_system(struct diagnosis *diagnosis, struct system_state *ret);
/* The checks that no run depends on */
void doctor_check_extras(struct diagnosis *diagnosis);
