/* A diagnosis of this machine: a list of checks */
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
 * Adds a check. Takes ownership of detail and advice; advice may be NULL. The result is valid until
 * the next call.
 */
struct check *diagnosis_add(struct diagnosis *diagnosis, const char *name, enum check_status status,
			    char *detail, char *advice);

void diagnosis_done(struct diagnosis *diagnosis);
