/* The plan of ctest or meson: announce the tests to an outer latwrap, and report their outcomes */
#pragma once

#include "runners/span_client.h"

enum plan_kind { PLAN_CTEST, PLAN_MESON, PLAN_KINDS };
/* Ends with NULL. */
extern const char *const plan_kind_names[PLAN_KINDS + 1];

struct plan_test {
	char *id, *name; /* owned */
	cJSON *arguments; /* owned */
	bool is_unsure; /* its exit status does not tell its outcome */
};

struct plan {
	enum plan_kind kind;
	char *directory; /* owned: the build directory */
	struct plan_test *tests;
	size_t count;
	cJSON *messages; /* owned: messages still to be sent */
};

/*
 * Makes the plan. argv is the command line of the runner, file the program itself. Runs ctest with
 * the same arguments to list the tests that it will start; for meson, reads the file that meson
 * writes for this purpose. The plan is empty if the command line runs no tests or anything fails.
 * The caller frees it with plan_done().
 */
void plan_make(enum plan_kind kind, const char *file, char *const *argv, struct plan *ret);
void plan_done(struct plan *plan);

/* Sends the plan, and waits a short time until it has been read. */
void plan_announce(struct plan *plan, struct span_client *client);
/*
 * Call this when the runner has ended: sends the outcomes that only the runner knows. since_ns is
 * the start of the runner, CLOCK_REALTIME.
 */
void plan_report(const struct plan *plan, uint64_t since_ns, struct span_client *client);
