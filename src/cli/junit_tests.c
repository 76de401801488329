/* Add the tests of JUnit files (--junit) to what a run has shown */
#include "cli/junit_tests.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/util.h"
#include "cli/junit_places.h"
#include "cli/junit_reading.h"
#include "report/fill.h"
#include "report/load.h"
#include "report/span_rows.h"
#include "spans/span_selection.h"
#include "spans/span_told.h"
#include "spans/told_place.h"
#include "views/junit/junit_match.h"

#define OR " or "

/* What becomes of the cases */
struct taking {
	const struct run_facts *facts;
	struct model *model;
	struct junit_index *known; /* the tests that have a name already */
	struct told_places *places;
	bool forgets; /* there are more of these than are in memory */
	size_t nameless, tries_dropped, unsure;
	size_t wrong_times;
	const char *wrong_time_in; /* borrowed: the name of a test; NULL: none */
};

static const struct {
	const char *words; /* behind the example */
	bool is_loss;
} consequences[JUNIT_TROUBLES] = {
	[JUNIT_OLD] = {"left out", false},
	[JUNIT_NO_FILE] = {"left out", false},
	[JUNIT_OF_OTHERS] = {"left out; --user names the user of the run", true},
	[JUNIT_UNREADABLE] = {"left out", true},
	[JUNIT_TOO_LARGE] = {"left out", true},
	[JUNIT_NO_XML] = {"left out", true},
	[JUNIT_CUT] = {"only the tests before that count", true},
};

static bool has_gaps(const struct junit_files *files)
{
	for (enum junit_trouble kind = 0; kind < JUNIT_TROUBLES; kind++)
		if (files->troubles[kind] && consequences[kind].is_loss)
			return true;
	return files->is_cut || files->is_late;
}

/* -- Tests that have a name already ---------------------------------------------------------------- */

static void name_span(struct report *report, const struct span *span, const char *name, size_t size)
{
	struct arena *memory = &report->memory;

	report->spans.list =
		grow_array(report->spans.list, report->spans.count, sizeof(*report->spans.list));
	report->spans.list[report->spans.count++] = (struct report_span){
		.id = span->number,
		.parent = known_u64(span->parent ? span->parent->number : 0, span->parent),
		.name = fill_name(memory, name, size),
		.file = fill_text(memory, span->file),
		.attempt = known_u64(span->attempt, span->attempt),
		.outcome = word_of(span_outcome_names, span->outcome),
		.cause.value = -1,
	};
}

/* As in a report, for a comparison of names. The caller frees the list of spans and the report. */
static struct report *named_spans(const struct model *model)
{
	struct report *report = xcalloc(1, sizeof(*report));
	size_t count;
	_cleanup_free_ struct span **spans = model_spans(model, &count);

	for (size_t i = 0; i < count; i++) {
		const char *name = spans[i]->name.data, *end;

		name_span(report, spans[i], name, spans[i]->name.size);
		/* Tests that latwrap cannot tell apart share a name: "one or other". */
		for (; spans[i]->plan || spans[i]->printed; name = end + strlen(OR)) {
			end = strstr(name, OR);
			name_span(report, spans[i], name,
				  end ? (size_t)(end - name) : strlen(name));
			if (!end)
				break;
		}
	}
	return report;
}

/* -- Cases ----------------------------------------------------------------------------------------- */

static const char *group_of(const struct junit_case *test)
{
	const struct junit_suite *suite = test->suite;

	if (test->class_name)
		return test->class_name;
	while (suite && !suite->name)
		suite = suite->parent;
	return suite ? suite->name : NULL;
}

/* "CLASS.NAME", unless the name has the class in it. */
static char *full_name(const struct junit_case *test)
{
	const char *group = group_of(test);
	const char *rest = group ? startswith(test->name, group) : NULL;
	bool has_group = rest && !isalnum((unsigned char)*rest) && *rest != '_';

	/* Node writes the class "test" for all tests. */
	if (!group || has_group || streq(group, "test"))
		return xstrdup(test->name);
	return xasprintf("%s.%s", group, test->name);
}

static enum span_outcome outcome_of(const struct junit_case *test)
{
	if (test->is_error)
		return SPAN_ERROR;
	if (test->failed)
		return SPAN_FAILED;
	return test->skipped ? SPAN_SKIPPED : SPAN_PASSED;
}

static void add_one(struct taking *taking, struct told_test *test,
		    const struct junit_time *duration, const struct junit_case *of)
{
	test->has_duration = duration->is_known;
	test->duration_ns = duration->duration.ns;
	if (duration->is_wrong && !taking->wrong_times++)
		taking->wrong_time_in = of->name;
	model_told_test(taking->model, test, taking->facts->end_ns);
}

/* One test, with each of its tries. */
static void add_case(struct taking *taking, const struct placed_case *placed)
{
	const struct junit_case *of = placed->of;
	_cleanup_free_ char *name = full_name(of);
	struct told_test test = {.name = name,
				 .runner = "junit",
				 .file = of->file,
				 .line = (uint32_t)of->line,
				 .time = placed->time};
	size_t before = 0;

	while (before < of->try_count && of->tries[before].is_before)
		before++;
	for (size_t i = 0; i <= of->try_count; i++) {
		const struct junit_try *try = i == before ? NULL : &of->tries[i - (i > before)];

		test.attempt = of->try_count ? (uint32_t)i + 1 : 0;
		test.outcome = !try ? outcome_of(of) : try->is_error ? SPAN_ERROR : SPAN_FAILED;
		add_one(taking, &test, try ? &try->duration : &of->duration, of);
	}
	taking->tries_dropped += of->tries_dropped;
}

static bool is_taken(struct taking *taking, const struct placed_case *one, bool is_unsure)
{
	if (one->is_known)
		return false;
	taking->nameless += !one->of->name;
	taking->unsure += one->of->name && is_unsure;
	return one->of->name && !is_unsure;
}

static void take_cases(struct taking *taking, const struct placed_case *cases, size_t count)
{
	bool has_known = false;

	for (size_t i = 0; i < count; i++)
		has_known |= cases[i].is_known;
	for (size_t i = 0; i < count; i++)
		if (is_taken(taking, &cases[i], has_known && taking->forgets))
			add_case(taking, &cases[i]);
}

static void take_files(struct taking *taking, const struct junit_files *files)
{
	_cleanup_free_ struct placed_case *cases = NULL;
	size_t count = 0, room = 1;

	for (size_t i = 0; i < files->count; i++)
		room += files->list[i].case_count;
	cases = xcalloc(room, sizeof(*cases));
	for (size_t i = 0; i < files->count; i++)
		for (size_t k = 0; k < files->list[i].case_count; k++) {
			const struct junit_case *of = &files->list[i].cases[k];

			cases[count++] = (struct placed_case){
				.of = of, .file = i, .is_known = junit_is_known(taking->known, of)};
		}
	/* What is missing may have run at any time. */
	if (!has_gaps(files))
		junit_place(cases, count, taking->facts, taking->places);
	for (size_t i = 0, n; i < count; i += n) {
		n = cases_of_file(&cases[i], count - i);
		take_cases(taking, &cases[i], n);
	}
}

/* -- What was not taken ---------------------------------------------------------------------------- */

static void say_about_files(const struct junit_files *files, struct model *model)
{
	for (enum junit_trouble kind = 0; kind < JUNIT_TROUBLES; kind++) {
		size_t count = files->troubles[kind];
		_cleanup_free_ char *more =
			count > 1 ? xasprintf(" (and %zu more like it)", count - 1) : xstrdup("");

		if (!count)
			continue;
		log_warning("--junit: %s%s: %s", files->examples[kind], more,
			    consequences[kind].words);
		if (consequences[kind].is_loss)
			model_told_lost(model, SPAN_LOSS_FILE, count);
	}
	if (files->unmatched)
		log_warning("--junit='%s' matches no file: give a pattern as seen from where "
			    "latwrap was started, such as '**/TEST-*.xml'",
			    files->unmatched);
	if (files->is_cut || files->is_late) {
		model_told_lost(model, SPAN_LOSS_FILE, 1);
		log_warning("--junit: there may be more files: %s; use a narrower pattern",
			    files->is_late ? "finding and reading them took too long"
					   : "the pattern matches too many, or directories "
					     "have too many entries");
	}
}

static void say_about_cases(const struct taking *taking)
{
	if (taking->nameless)
		log_warning("--junit: %zu test case%s without a name: left out", taking->nameless,
			    taking->nameless == 1 ? "" : "s");
	if (taking->unsure)
		log_warning("--junit: there are too many tests to know whether %zu of the files "
			    "have been reported already: left out",
			    taking->unsure);
	if (taking->tries_dropped)
		log_warning("--junit: tries beyond %d of a test case, %zu: left out",
			    JUNIT_TRIES_MAX + 1, taking->tries_dropped);
	if (taking->wrong_times)
		log_warning("--junit: the time of '%s'%s is not a number of seconds: it counts "
			    "as unknown",
			    taking->wrong_time_in,
			    taking->wrong_times > 1 ? ", and of others," : "");
	model_told_lost(taking->model, SPAN_LOSS_CASE,
			taking->nameless + taking->unsure + taking->tries_dropped);
}

void junit_tests_add(const struct junit_patterns *patterns, const struct user_spec *user,
		     const struct run_facts *facts, struct model *model)
{
	const struct junit_request request = {
		.directory_fd = patterns->directory_fd,
		.patterns = patterns->list,
		.pattern_count = patterns->count,
		.user = user,
		.since = facts->started_at,
	};
	_cleanup_report_ struct report *report = named_spans(model);
	const struct named_report named = {.name = "", .report = report};
	_cleanup_(junit_index_freep) struct junit_index *known =
		junit_index_new(&(struct named_reports){&named, 1});
	_cleanup_(told_places_freep) struct told_places *places = told_places_new(model->off_cpu);
	struct taking taking = {
		.facts = facts,
		.model = model,
		.known = known,
		.places = places,
		.forgets = span_rows_dropped(model) > 0,
	};
	struct junit_files files;

	junit_read(&request, &files);
	take_files(&taking, &files);
	say_about_files(&files, model);
	say_about_cases(&taking);
	junit_files_done(&files);
	free(report->spans.list);
}
