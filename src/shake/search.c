/* Which test to disturb in the next run, where and for how long, and what the runs so far have shown */
#include "shake/search.h"

#include "base/hash.h"
#include "catalog/answers.h"
#include "report/fill.h"
#include "views/tests.h"
#include "views/view.h"

#define BUCKETS          4096
#define DISTURBANCES_MAX 10000
#define MISSES_MAX       5
#define EARLIER_BITS     2u /* a miss divides the next place by 2 to the power of this */
#define SEEN_ENOUGH      2u
/* The last part of a test is left out: a disturbance there may come too late. */
#define PLACES_SHARE     0.9

struct test_state {
	char *name, *file, *runner; /* owned; name NULL: the command */
	struct margin margin;
	struct shake_runs undisturbed, disturbed;
	uint64_t shortest_ns; /* without a disturbance */
	uint64_t spoiled, missed;
	uint64_t seen; /* runs that named it */
	uint64_t offset_ns; /* of the planned disturbance; with margin.has_place, of all */
	struct disturb_steps *replay; /* owned; NULL: none */
	bool is_listed; /* by search_replay() */
	uint64_t replay_ns; /* the sum of its lengths */
	int planned; /* index of a length; -1: none in this run */
	bool is_begun, is_ordered, is_seen; /* in this run */
	struct test_state *next; /* in the bucket */
	uint32_t number;
};

struct disturbance_row {
	struct shake_disturbance row;
	uint64_t end_ns;
};

struct disturbances {
	struct disturbance_row *list;
	size_t count;
};

struct search {
	struct search_options options;
	struct margin_ladder ladder;
	struct test_state **tests; /* by number - 1 */
	size_t count;
	struct test_state *buckets[BUCKETS];
	struct disturbances now, reported; /* in this run; in those before it, up to a limit */
	uint64_t dropped;
	struct shake_runs undisturbed, disturbed;
	uint64_t duration_ns, planned_ns;
	bool is_disturbed;
	bool is_replay;
};

struct search *search_new(const struct search_options *options)
{
	struct search *search = xcalloc(1, sizeof(*search));

	search->options = *options;
	margin_ladder_make(options->longest_ns, options->exact_ns, options->tries,
			   options->is_search, &search->ladder);
	return search;
}

struct search *search_free(struct search *search)
{
	for (size_t i = 0; search && i < search->count; i++) {
		free(search->tests[i]->name);
		free(search->tests[i]->file);
		free(search->tests[i]->runner);
		free(search->tests[i]->replay);
		free(search->tests[i]);
	}
	if (search) {
		free(search->tests);
		free(search->now.list);
		free(search->reported.list);
	}
	free(search);
	return NULL;
}

/* -- Tests by name --------------------------------------------------------------------------------- */

static struct test_state **bucket_of(struct search *search, const struct test_key *key)
{
	return &search->buckets[hash_string(key->name ? key->name : "") % BUCKETS];
}

static struct test_state *find(struct search *search, const struct test_key *key)
{
	struct test_state *test = *bucket_of(search, key);

	while (test && !(streq_null(test->name, key->name) && streq_null(test->file, key->file) &&
			 streq_null(test->runner, key->runner)))
		test = test->next;
	return test;
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static struct test_state *add(struct search *search, const struct test_key *key)
{
	struct test_state **bucket = bucket_of(search, key), *test = xcalloc(1, sizeof(*test));

	search->tests = grow_array(search->tests, search->count, sizeof(struct test_state *));
	*test = (struct test_state){
		.name = copy(key->name),
		.file = copy(key->file),
		.runner = copy(key->runner),
		.planned = -1,
		.next = *bucket,
		.number = (uint32_t)search->count + 1,
	};
	search->tests[search->count++] = test;
	*bucket = test;
	return test;
}

/* -- Planning a run -------------------------------------------------------------------------------- */

bool search_has_name(char *const *names, const char *name)
{
	bool any = *names == NULL;

	for (; !any && *names; names++)
		any = streq_null(*names, name);
	return any;
}

static bool is_chosen(const struct search *search, const struct test_state *test)
{
	return (!search->is_replay || test->replay) &&
	       search_has_name(search->options.names, test->name);
}

/* Returns the length to try; -1: the test needs no further try. */
static int wanted(const struct search *search, const struct test_state *test)
{
	/* A name that changes with each run cannot be found again. */
	if (test->seen < MIN(search->options.undisturbed, SEEN_ENOUGH))
		return -1;
	if (test->undisturbed.failed || !test->undisturbed.count || !is_chosen(search, test) ||
	    (!test->disturbed.count && test->missed + test->spoiled >= MISSES_MAX))
		return -1;
	return margin_next(&test->margin, &search->ladder);
}

static uint64_t tries_of(const struct test_state *test)
{
	return test->disturbed.count + test->spoiled + test->missed;
}

/* The same seed, test and try give the same place, whatever else was tried: splitmix64. */
static double place_of(const struct search *search, const struct test_state *test)
{
	uint64_t x =
		((uint64_t)search->options.seed << 32 | hash_string(test->name ? test->name : "")) +
		(tries_of(test) + 1) * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return (double)((x ^ x >> 31) >> 11) / 0x1p53;
}

static uint64_t length_ns(const struct search *search, const struct test_state *test, int length)
{
	return test->replay ? test->replay_ns : search->ladder.ns[length];
}

static void plan_test(struct search *search, struct test_state *test, int length)
{
	test->planned = length;
	search->planned_ns += length_ns(search, test, length);
	if (search->options.has_offset)
		test->offset_ns = search->options.offset_ns;
	else if (!test->margin.has_place)
		/* What was missed may come only near the begin. */
		test->offset_ns = (uint64_t)((double)test->shortest_ns * PLACES_SHARE *
					     place_of(search, test)) >>
				  EARLIER_BITS * MIN(test->missed, (uint64_t)MISSES_MAX);
}

static void forget_plan(struct search *search)
{
	for (size_t i = 0; i < search->count; i++) {
		struct test_state *test = search->tests[i];

		test->planned = -1;
		test->is_begun = test->is_ordered = test->is_seen = false;
	}
	search->planned_ns = 0;
	search->now.count = 0;
}

static int compare_tries(const void *a, const void *b)
{
	const struct test_state *x = *(struct test_state *const *)a;
	const struct test_state *y = *(struct test_state *const *)b;
	uint64_t x_tries = tries_of(x), y_tries = tries_of(y);

	if (x_tries != y_tries)
		return x_tries < y_tries ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

/*
 * All tests share a run, those with the fewest tries first, but the disturbances should not take
 * longer than the run itself. Returns whether anything is planned.
 */
static bool plan_run(struct search *search)
{
	_cleanup_free_ struct test_state **order =
		xcalloc(search->count + 1, sizeof(struct test_state *));

	if (search->count) {
		memcpy(order, search->tests, search->count * sizeof(struct test_state *));
		qsort(order, search->count, sizeof(struct test_state *), compare_tries);
	}
	for (size_t i = 0; i < search->count; i++) {
		int length = wanted(search, order[i]);

		if (length >= 0 && (!search->planned_ns ||
				    search->planned_ns + length_ns(search, order[i], length) <=
					    search->duration_ns))
			plan_test(search, order[i], length);
	}
	return search->planned_ns > 0;
}

/* Whether a test failed when disturbed, and has not passed undisturbed often enough to compare. */
static bool lacks_undisturbed(const struct search *search)
{
	for (size_t i = 0; i < search->count; i++)
		if (search->tests[i]->disturbed.failed && !search->tests[i]->undisturbed.failed &&
		    search->tests[i]->undisturbed.count < search->options.tries)
			return true;
	return false;
}

enum search_step search_next(struct search *search)
{
	forget_plan(search);
	search->is_disturbed = search->undisturbed.count >= search->options.undisturbed &&
			       plan_run(search);
	if (search->is_disturbed)
		return SEARCH_DISTURBED;
	return search->undisturbed.count < search->options.undisturbed || lacks_undisturbed(search)
		       ? SEARCH_UNDISTURBED
		       : SEARCH_DONE;
}

uint64_t search_planned_ns(const struct search *search)
{
	return search->planned_ns;
}

uint64_t search_duration_ns(const struct search *search)
{
	return search->duration_ns;
}

void search_replay(struct search *search, const struct test_key *key,
		   const struct disturb_steps *steps)
{
	struct test_state *test = find(search, key);

	search->is_replay = true;
	if (!test)
		test = add(search, key);
	test->is_listed = true;
	if (!steps->count || test->replay)
		return;
	test->replay = xmalloc(sizeof(*test->replay));
	*test->replay = *steps;
	for (size_t i = 0; i < steps->count; i++)
		test->replay_ns += steps->list[i].length_ns;
}

uint32_t search_test_begun(struct search *search, const struct test_key *key, bool may_disturb,
			   struct disturb_steps *ret)
{
	struct test_state *test = find(search, key);

	ret->count = 0;
	if (!test)
		return 0;
	test->is_begun = true;
	/* Only the first of its attempts, or of several tests of that name. */
	if (may_disturb && test->planned >= 0 && !test->is_ordered) {
		test->is_ordered = true;
		if (test->replay) {
			*ret = *test->replay;
			return test->number;
		}
		ret->count = 1;
		ret->list[0].offset_ns = test->offset_ns;
		ret->list[0].length_ns = search->ladder.ns[test->planned];
	}
	return test->number;
}

static struct disturbance_row *append(struct disturbances *to)
{
	to->list = grow_array(to->list, to->count, sizeof(*to->list));
	return &to->list[to->count++];
}

void search_disturbed(struct search *search, uint32_t test, const struct search_disturbance *of)
{
	*append(&search->now) = (struct disturbance_row){
		.row = {.run = search->undisturbed.count + search->disturbed.count + 1,
			.test = test - 1,
			.start_ns = of->start_ns,
			.asked_ns = of->asked_ns,
			.done_ns = of->done_ns},
		.end_ns = of->end_ns,
	};
}

/* -- What a run has shown -------------------------------------------------------------------------- */

struct outcome {
	struct test_state *test;
	uint64_t start_ns, end_ns;
	bool failed;
	enum answer answer; /* if it failed */
};

static void take_hit(struct shake_disturbance *of, const struct outcome *outcome, bool *ret_own)
{
	of->hit = *ret_own = true;
	if (outcome->failed)
		of->answer =
			(struct word){answer_catalog[outcome->answer].name, (int)outcome->answer};
}

/*
 * Which disturbances reached this test: its own, and those that were meant for others. One that only a
 * part of the run surely had is not its own, but may have made it fail.
 */
static void find_disturbances(struct search *search, const struct outcome *outcome, bool *ret_own,
			      bool *ret_other)
{
	*ret_own = *ret_other = false;
	for (size_t i = 0; i < search->now.count; i++) {
		struct shake_disturbance *of = &search->now.list[i].row;
		bool is_own = of->test == outcome->test->number - 1 && of->done_ns;

		if (of->start_ns >= outcome->end_ns ||
		    search->now.list[i].end_ns <= outcome->start_ns)
			continue;
		if (is_own && of->start_ns >= outcome->start_ns)
			take_hit(of, outcome, ret_own);
		else
			*ret_other = true;
	}
}

static void note(struct search *search, const struct outcome *outcome)
{
	struct test_state *test = outcome->test;
	bool own, other;

	test->seen += !test->is_seen;
	test->is_seen = true;
	find_disturbances(search, outcome, &own, &other);
	if (outcome->failed && outcome->answer == ANSWER_MACHINE &&
	    !(own && search->options.is_machine)) {
		test->spoiled++;
		test->planned = -1;
	} else if (own && test->planned >= 0) {
		margin_note(&test->margin, &search->ladder, test->planned, outcome->failed);
		test->disturbed.count++;
		test->disturbed.failed += outcome->failed;
		test->planned = -1;
	} else if (!own && !other) {
		uint64_t duration_ns = outcome->end_ns - outcome->start_ns;

		if (!test->undisturbed.count || duration_ns < test->shortest_ns)
			test->shortest_ns = duration_ns;
		test->undisturbed.count++;
		test->undisturbed.failed += outcome->failed;
	}
}

static bool says_how_it_ended(const struct report_span *span)
{
	return span->outcome.value == SPAN_PASSED || span->outcome.value == SPAN_FAILED ||
	       span->outcome.value == SPAN_ERROR;
}

static void note_test(struct search *search, const struct test *row, uint64_t timed_out_ns)
{
	const struct report_span *span = row->span;
	const struct test_key key = {span->name, span->file, span->runner};
	uint64_t start_ns = span->start_ns.value;
	uint64_t end_ns = view_sum(start_ns, span->duration_ns.value);
	struct outcome outcome = {
		.test = find(search, &key),
		.start_ns = start_ns,
		.end_ns = end_ns,
		.failed = span->outcome.value != SPAN_PASSED ||
			  (timed_out_ns && start_ns < timed_out_ns && end_ns >= timed_out_ns),
		.answer = row->failed ? row->answer : ANSWER_NONE,
	};

	if (!says_how_it_ended(span))
		return;
	if (!outcome.test)
		outcome.test = add(search, &key);
	note(search, &outcome);
}

static bool has_failed(const struct report *report)
{
	return view_exit_status(report) != 0;
}

/* The command counts as a test while no run has named any. */
static void note_command(struct search *search, const struct report *report)
{
	const struct test_key key = {0};
	struct outcome outcome = {
		.test = find(search, &key),
		.end_ns = report->run.duration_ns,
		.failed = has_failed(report),
		.answer = report->verdict.answer.text ? (enum answer)report->verdict.answer.value
						      : ANSWER_NONE,
	};

	if (!outcome.test && search->count)
		return;
	if (!outcome.test)
		outcome.test = add(search, &key);
	note(search, &outcome);
}

/* A run that failed may have ended before the test could begin: that says nothing of the test. */
static bool was_missed(const struct test_state *test, const struct report *report)
{
	if (test->planned < 0)
		return false;
	return test->is_ordered || (!test->is_begun && (test->is_seen || !has_failed(report)));
}

static void keep_disturbances(struct search *search)
{
	for (size_t i = 0; i < search->now.count; i++)
		if (search->reported.count < DISTURBANCES_MAX)
			*append(&search->reported) = search->now.list[i];
		else
			search->dropped++;
	search->now.count = 0;
}

void search_take_run(struct search *search, const struct report *report, uint64_t timed_out_ns)
{
	struct shake_runs *runs = search->is_disturbed ? &search->disturbed : &search->undisturbed;
	const struct named_report named = {.name = "", .report = report};
	const struct named_reports reports = {&named, 1};
	struct tests tests;

	tests_find(&reports, &tests);
	for (size_t i = 0; i < tests.count; i++)
		note_test(search, &tests.list[i], timed_out_ns);
	if (!tests.count)
		note_command(search, report);
	tests_clear(&tests);
	for (size_t i = 0; i < search->count; i++)
		search->tests[i]->missed += was_missed(search->tests[i], report);
	keep_disturbances(search);
	runs->count++;
	runs->failed += has_failed(report);
	if (!search->is_disturbed)
		search->duration_ns = MAX(search->duration_ns, report->run.duration_ns);
}

void search_drop_run(struct search *search)
{
	forget_plan(search);
}

/* -- The result ------------------------------------------------------------------------------------ */

/*
 * The shortest length that failed in most tries, and in enough of them: a search that was stopped has
 * lengths with one try, which may have failed by chance. -1: none.
 */
static int surely_fails(const struct search *search, const struct test_state *test)
{
	unsigned enough = search->ladder.tries / 2 + 1;

	for (int i = 0; i < search->ladder.count; i++) {
		const struct margin_tries *tries = &test->margin.tries[i];

		if (tries->failed >= enough && tries->failed * 2 > tries->count)
			return i;
	}
	return -1;
}

static enum shake_status status_of(const struct test_state *test, int fails)
{
	if (test->undisturbed.failed || (!test->undisturbed.count && test->spoiled))
		return SHAKE_FAILS_ANYWAY;
	if (!test->disturbed.count)
		return test->missed ? SHAKE_NOT_REACHED : SHAKE_NOT_TRIED;
	if (fails >= 0)
		return SHAKE_FAILS;
	return test->disturbed.failed ? SHAKE_UNSURE : SHAKE_BEARS;
}

static struct shake_length length_row(const struct search *search, const struct test_state *test,
				      int i)
{
	return (struct shake_length){length_ns(search, test, i), test->margin.tries[i].count,
				     test->margin.tries[i].failed};
}

static struct shake_length *found_length(const struct search *search, const struct test_state *test,
					 int i, struct arena *memory)
{
	struct shake_length *row = i < 0 ? NULL : arena_alloc(memory, 1, sizeof(*row));

	if (row)
		*row = length_row(search, test, i);
	return row;
}

static const char *keep(struct arena *memory, const char *text)
{
	return text ? arena_copy(memory, text, strlen(text)) : NULL;
}

static void fill_test(const struct search *search, const struct test_state *test,
		      struct arena *memory, struct shake_test *row)
{
	struct margin_result found = margin_read(&test->margin, &search->ladder);
	int fails = surely_fails(search, test);
	enum shake_status status = status_of(test, fails);

	*row = (struct shake_test){
		.name = keep(memory, test->name),
		.file = keep(memory, test->file),
		.runner = keep(memory, test->runner),
		.status = word_of(shake_status_names, (int)status),
		.undisturbed = test->undisturbed,
		.disturbed = test->disturbed,
		.spoiled = test->spoiled,
		.missed = test->missed,
		.offset_ns = known_u64(test->offset_ns, test->margin.has_place),
		.bears = found_length(search, test, found.bears, memory),
		.fails = status == SHAKE_FAILS ? found_length(search, test, fails, memory) : NULL,
	};
	row->lengths.list =
		arena_alloc(memory, (size_t)search->ladder.count, sizeof(*row->lengths.list));
	for (int i = 0; i < search->ladder.count; i++)
		if (test->margin.tries[i].count)
			row->lengths.list[row->lengths.count++] = length_row(search, test, i);
}

struct ranked {
	struct shake_test row;
	size_t number;
};

static int compare_rows(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	uint64_t x_ns = x->row.fails ? x->row.fails->ns : UINT64_MAX;
	uint64_t y_ns = y->row.fails ? y->row.fails->ns : UINT64_MAX;

	if (x->row.status.value != y->row.status.value)
		return x->row.status.value - y->row.status.value;
	if (x_ns != y_ns)
		return x_ns < y_ns ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

void search_result(const struct search *search, struct shake *ret)
{
	_cleanup_free_ struct ranked *rows = xcalloc(search->count + 1, sizeof(*rows));
	_cleanup_free_ uint64_t *places = xcalloc(search->count + 1, sizeof(*places));
	size_t count = 0;

	for (size_t i = 0; i < search->count; i++) {
		if (search->is_replay && !search->tests[i]->is_listed)
			continue;
		fill_test(search, search->tests[i], &ret->memory, &rows[count].row);
		rows[count++].number = i;
	}
	qsort(rows, count, sizeof(*rows), compare_rows);
	ret->tests.count = count;
	ret->tests.list = arena_alloc(&ret->memory, count, sizeof(*ret->tests.list));
	for (size_t i = 0; i < count; i++) {
		ret->tests.list[i] = rows[i].row;
		places[rows[i].number] = i;
	}
	ret->disturbances.count = search->reported.count;
	ret->disturbances.list =
		arena_alloc(&ret->memory, search->reported.count, sizeof(*ret->disturbances.list));
	for (size_t i = 0; i < search->reported.count; i++) {
		ret->disturbances.list[i] = search->reported.list[i].row;
		ret->disturbances.list[i].test = places[search->reported.list[i].row.test];
	}
	ret->disturbances_dropped = search->dropped;
	ret->undisturbed = search->undisturbed;
	ret->disturbed = search->disturbed;
}
