/* The tests that ctest or meson will start, as these say themselves, told to a latwrap around us beforehand. */
#pragma once

#include "runners/span_client.h"

enum plan_kind { PLAN_CTEST, PLAN_MESON, PLAN_KINDS };
/* Ends with NULL. */
extern const char *const plan_kind_names[PLAN_KINDS + 1];

struct plan_test {
	char *id, *name; /* owned */
	cJSON *arguments; /* owned */
	bool is_unsure; /* its exit status does not tell how it ended */
};

struct plan {
	enum plan_kind kind;
	char *directory; /* owned: of the build */
	struct plan_test *tests;
	size_t count;
	cJSON *messages; /* owned: to be told */
};

/*
 * argv is the runner's command line, file the program itself. ctest is asked, with these arguments, which tests it will
 * start; of meson the file is read that it writes for such purposes. A command line that runs no tests, or anything that
 * goes wrong, makes an empty plan. The caller ends it with plan_done().
 */
void plan_make(enum plan_kind kind, const char *file, char *const *argv, struct plan *ret);
void plan_done(struct plan *plan);

/* Tells it, and waits until it has been read, but not for long. */
void plan_announce(struct plan *plan, struct span_client *client);
/* Once the runner has ended: what only it knows about how tests ended. since_ns is when it began, CLOCK_REALTIME. */
void plan_report(const struct plan *plan, uint64_t since_ns, struct span_client *client);
