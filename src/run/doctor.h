/* What a run would find on this machine: every part tried for real, and what to do about the rest */
#pragma once

#include <stddef.h>

#include "model/facts.h"

enum check_status {
	CHECK_OK,
	CHECK_OPTIONAL_MISSING, /* a run is fully measured without it: something else serves */
	CHECK_MISSING,
};
extern const char *const check_status_names[]; /* "ok", "optional-missing", "missing" */

/* Strings are owned; advice and log may be NULL. All are one line but log. */
struct check {
	char *name;
	enum check_status status;
	char *detail; /* what was found, or what is wrong */
	char *advice; /* what to do about it */
	char *log; /* the verifier's */
};

struct diagnosis {
	enum trace_status status; /* of a run that would start now */
	size_t check_count;
	struct check *checks;
};

/*
 * Tries everything, as a run would do it: makes a cgroup and a process in it, loads and attaches the
 * BPF programs; and takes all of that away again. Works without privilege, and says what is missing
 * then. faults is LATWRAP_FAULT, and may be NULL. Takes about a second; never fails. The caller ends
 * *ret with diagnosis_done().
 */
void doctor_examine(const char *faults, struct diagnosis *ret);
void diagnosis_done(struct diagnosis *diagnosis);

/* Adds a check. Takes detail and advice over; advice may be NULL. The result is valid until the next. */
struct check *diagnosis_add(struct diagnosis *diagnosis, const char *name, enum check_status status,
			    char *detail, char *advice);

/* doctor_system.c: what the kernel tells in files. */
struct system_state {
	bool privileged; /* BPF programs that trace may be loaded, as far as capabilities go */
	bool new_enough; /* the kernel's version */
	bool confidential; /* lockdown keeps kernel memory from BPF */
};
void doctor_check_system(struct diagnosis *diagnosis, struct system_state *ret);
/* The rest of it, which no run depends on. */
void doctor_check_extras(struct diagnosis *diagnosis);
