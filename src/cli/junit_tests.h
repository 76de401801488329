/* Add the tests of JUnit files (--junit) to what a run has shown */
#pragma once

#include "model/facts.h"
#include "model/model.h"
#include "run/user.h"

/* The patterns of --junit */
struct junit_patterns {
	char **list; /* owned: the array; the texts are borrowed */
	size_t count;
	int directory_fd; /* where latwrap was started; only if count > 0 */
};

/*
 * Call this when the command and its session are over. Tests that have a name already are left out. Logs what it could
 * not take. user: that of the command; NULL: our own.
 */
void junit_tests_add(const struct junit_patterns *patterns, const struct user_spec *user,
		     const struct run_facts *facts, struct model *model);
