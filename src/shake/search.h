/* Which test to disturb in the next run, where and for how long, and what the runs so far have shown */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/shake.h"
#include "shake/margin.h"

struct search_options {
	uint32_t seed;
	uint64_t longest_ns;
	uint64_t exact_ns; /* a length that must be tried; 0: none */
	bool is_search; /* false: longest_ns is the only length */
	unsigned tries; /* for each length that decides */
	unsigned undisturbed; /* runs before the first disturbance */
	bool is_machine; /* a disturbance makes a failure the machine's fault */
	bool has_offset;
	uint64_t offset_ns; /* of every disturbance, from the test's begin; without it, at random */
	char *const *names; /* search only these tests; ends with NULL */
};

/* How a test is named by its runner; file and runner may be NULL. All NULL: the command as a whole */
struct test_key {
	const char *name, *file, *runner;
};

/* What was done; start and end count from the start of the run. */
struct search_disturbance {
	uint64_t start_ns, end_ns, asked_ns;
	uint64_t done_ns; /* how long it surely lasted; 0: not all of the run was disturbed */
};

enum search_step { SEARCH_UNDISTURBED, SEARCH_DISTURBED, SEARCH_DONE };

struct search;

struct search *search_new(const struct search_options *options);
struct search *search_free(struct search *search);
DEFINE_CLEANUP(struct search *, search_free);

/* What the next run is for. Plans it. */
enum search_step search_next(struct search *search);
/* The sum of all disturbances that are planned for this run */
uint64_t search_planned_ns(const struct search *search);
/* The longest run without a disturbance; 0: there was none */
uint64_t search_duration_ns(const struct search *search);

/*
 * Disturb this test so, instead of searching. Once this has been called, other tests are not
 * disturbed. Without steps the test is only listed.
 */
void search_replay(struct search *search, const struct test_key *key,
		   const struct disturb_steps *steps);
/*
 * A test begins. Returns its number, from 1; 0: it is not one of the tests that are known. Without
 * may_disturb, and if nothing is planned for the test, *ret has no steps.
 */
uint32_t search_test_begun(struct search *search, const struct test_key *key, bool may_disturb,
			   struct disturb_steps *ret);
/* It was disturbed. */
void search_disturbed(struct search *search, uint32_t test, const struct search_disturbance *of);
/*
 * The run is over. timed_out_ns: when --timeout ended it, from its start; 0: it did not. A test that ran
 * then has failed, whatever it says.
 */
void search_take_run(struct search *search, const struct report *report, uint64_t timed_out_ns);
/* The run does not count: forget what was planned for it. */
void search_drop_run(struct search *search);

/* Whether names, which ends with NULL, has this one, or has none at all. name may be NULL. */
bool search_has_name(char *const *names, const char *name);

/* Fills in tests, disturbances and the numbers of runs. ret->memory gets what is allocated. */
void search_result(const struct search *search, struct shake *ret);
