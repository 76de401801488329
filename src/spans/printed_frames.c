/* Tests that a program prints with their begin and their end: GoogleTest, cmocka, Boost.Test, Catch2, doctest, TeamCity, subunit. */
#include "spans/printed_frames.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/util.h"
#include "model/model.h"
#include "spans/printed_line.h"
#include "spans/printed_span.h"
#include "spans/printed_test.h"
#include "spans/span.h"
#include "spans/span_tree.h"

/* -- The end of a test ----------------------------------------------------------------------------- */

static void set_end(struct printed_test *test, enum span_outcome outcome, uint64_t time_ns)
{
	test->ended_ns = time_ns;
	test->outcome = outcome;
}

/* An error that Boost.Test expects is no failure, and what is missing may be one: the exit status may tell later. */
static void keep_doubtful(struct printed *printed, const struct printed_test *test)
{
	bool is_doubtful = test->noted == SPAN_UNKNOWN ||
			   (printed->form == FORM_BOOST && test->noted == SPAN_FAILED);

	if (!is_doubtful || !test->span)
		return;
	printed->doubtful =
		grow_array(printed->doubtful, printed->doubtful_count, sizeof(struct span *));
	printed->doubtful[printed->doubtful_count++] = span_ref(test->span);
}

/* The test has ended as it said last: the program has gone on. */
static void confirm(struct model *model, struct printed *printed, struct printed_test *test)
{
	if (!test->ended_ns)
		return;
	keep_doubtful(printed, test);
	if (test->outcome == SPAN_UNKNOWN && !test->noted && test->span) {
		test->span->contradicted = !printed->contradicts;
		printed->contradicts = true;
	}
	span_unref(model->spans, printed_end(model, test, NULL, test->outcome, test->ended_ns));
}

/* What is printed between tests. If the running test has not ended, it printed this itself, or its end is lost. */
static void between(struct model *model, struct printed *printed, struct printed_test *test,
		    uint64_t time_ns)
{
	if (test->span && !test->ended_ns)
		set_end(test, SPAN_UNKNOWN, time_ns);
	else
		confirm(model, printed, test);
}

/* -- Which test a line is about -------------------------------------------------------------------- */

static bool is_flow(const struct printed_test *test, const struct printed_line *line)
{
	return test->span && strlen(test->flow) == line->flow_length &&
	       (!line->flow || startswith(line->flow, test->flow));
}

/* The place of the test that runs in the flow, or a free one; NULL: too many run. */
static struct printed_test *place_of(struct model *model, struct printed *printed,
				     const struct printed_line *line)
{
	struct printed_test *tests = printed->tests, *free_place = NULL;

	for (size_t i = 0; i < PRINTED_FLOWS; i++)
		if (is_flow(&tests[i], line))
			return &tests[i];
	for (size_t i = PRINTED_FLOWS; i--;)
		if (!tests[i].span || (tests[i].ended_ns && !free_place))
			free_place = &tests[i];
	if (free_place)
		confirm(model, printed, free_place);
	return free_place;
}

/* Boost.Test begins and ends a test with its own name, and tells of its errors with those of its suites before it. */
static char *full_name(const struct printed *printed, const struct printed_line *line)
{
	bool is_below = printed->form == FORM_BOOST &&
			(line->what == PRINTED_RUN || line->what == PRINTED_END);

	return xasprintf("%s%.*s", is_below ? printed->suite : "", (int)line->length, line->name);
}

/* A line of XML that ends a test does not name it. */
static bool is_about(const struct printed *printed, const struct printed_test *test,
		     const struct printed_line *line)
{
	_cleanup_free_ char *name = NULL;

	if (!test->span || !line->name)
		return test->span;
	name = full_name(printed, line);
	return streq(test->name, name);
}

/* -- Lines ----------------------------------------------------------------------------------------- */

static void begin(struct model *model, struct printed *printed, struct printed_test *test,
		  const struct printed_line *line, uint64_t time_ns)
{
	_cleanup_free_ char *name = full_name(printed, line);

	confirm(model, printed, test);
	free(test->name);
	free(test->flow);
	test->name = xstrdup(name);
	test->flow = xstrndup(line->flow ? line->flow : "", line->flow_length);
	test->noted = SPAN_NO_OUTCOME;
	if (printed->form == FORM_TEAMCITY)
		printed_line_unescape_teamcity(name);
	else if (printed->form == FORM_CATCH2 || printed->form == FORM_DOCTEST)
		printed_line_unescape_xml(name);
	printed_begin(model, printed, test, name, time_ns);
}

static void take_run(struct model *model, struct printed *printed, struct printed_test *test,
		     const struct printed_line *line, uint64_t time_ns)
{
	bool is_announced = printed->form != FORM_GTEST ||
			    (*printed->suite && startswith(line->name, printed->suite));

	if (line->length && is_announced && (!test->span || test->ended_ns))
		begin(model, printed, test, line, time_ns);
}

/* A test whose begin was not printed; a fixture, which only subunit tells of, has run since the test before it. */
static void take_whole(struct model *model, struct printed *printed, struct printed_test *test,
		       const struct printed_line *line, enum span_outcome outcome, uint64_t time_ns)
{
	bool is_fixture = printed->form == FORM_SUBUNIT2;

	if (!line->length || (test->span && !test->ended_ns))
		return;
	begin(model, printed, test, line, is_fixture && test->ended_ns ? test->ended_ns : time_ns);
	set_end(test, outcome, time_ns);
}

/* A test that is not run; or the running one says that it is none. */
static void take_skip(struct model *model, struct printed *printed, struct printed_test *test,
		      const struct printed_line *line, uint64_t time_ns)
{
	if (is_about(printed, test, line) && !test->noted)
		test->noted = SPAN_SKIPPED;
	else
		take_whole(model, printed, test, line, SPAN_SKIPPED, time_ns);
}

/*
 * The test has failed, and goes on. After its end, this shows that the end was the test's own output. The end of a long line
 * can be missing, with the flow.
 */
static void take_failure(struct printed *printed, const struct printed_line *line, uint64_t time_ns)
{
	for (size_t i = 0; i < PRINTED_FLOWS; i++) {
		struct printed_test *test = &printed->tests[i];

		if (!is_about(printed, test, line) || (line->flow && !is_flow(test, line)))
			continue;
		test->noted = test->outcome = SPAN_FAILED;
		/* Of Boost.Test only the exit status may tell whether the error was expected. */
		if (!test->span->failed_ns && printed->form == FORM_TEAMCITY)
			test->span->failed_ns = time_ns;
	}
}

/* GoogleTest: a suite with a longer name has no tests with names. */
static void take_suite(struct printed *printed, const struct printed_line *line)
{
	snprintf(printed->suite, sizeof(printed->suite), "%.*s.", (int)line->length, line->name);
}

/* Boost.Test: suites nest. A test that prints this as it runs changes nothing. */
static void take_nested(struct printed *printed, const struct printed_test *test,
			const struct printed_line *line)
{
	_cleanup_free_ char *part = xasprintf("%.*s/", (int)line->length, line->name);
	size_t length = strlen(printed->suite), more = strlen(part);

	if (test->span && !test->ended_ns)
		return;
	if (line->what == PRINTED_ENTER && length + more < sizeof(printed->suite))
		memcpy(printed->suite + length, part, more + 1);
	else if (line->what == PRINTED_LEAVE && length >= more &&
		 streq(printed->suite + length - more, part))
		printed->suite[length - more] = '\0';
}

static void take_between(struct model *model, struct printed *printed, struct printed_test *test,
			 const struct printed_line *line, uint64_t time_ns)
{
	switch (line->what) {
	case PRINTED_HEAD:
		printed->attempt += !test->span || test->ended_ns;
		break;
	case PRINTED_ENTER:
	case PRINTED_LEAVE:
		take_nested(printed, test, line);
		break;
	case PRINTED_CLOSE:
		/* The outcome came just before, or it is lost; a test that prints this says its outcome later. */
		if (!test->ended_ns)
			between(model, printed, test, time_ns);
		return;
	default:
		break;
	}
	between(model, printed, test, time_ns);
	if (line->what == PRINTED_SUITE)
		take_suite(printed, line);
}

static void take_end(struct model *model, struct printed *printed, struct printed_test *test,
		     const struct printed_line *line, uint64_t time_ns)
{
	if (is_about(printed, test, line)) {
		set_end(test, test->noted ? test->noted : line->outcome, time_ns);
		printed->has_end = true;
	} else if (printed->form == FORM_SUBUNIT2 && line->outcome == SPAN_FAILED) {
		/* A fixture of a class or module */
		take_whole(model, printed, test, line, SPAN_FAILED, time_ns);
	}
}

void printed_frames_apply(struct model *model, struct printed *printed,
			  const struct printed_line *line, uint64_t time_ns)
{
	struct printed_test *test;

	if (line->what == PRINTED_OTHER)
		return;
	if (line->what == PRINTED_FAILURE) {
		take_failure(printed, line, time_ns);
		return;
	}
	test = place_of(model, printed, line);
	if (!test) {
		model->spans->gone.losses[SPAN_LOSS_REFUSED] += line->what == PRINTED_RUN;
		return;
	}
	switch (line->what) {
	case PRINTED_RUN:
		take_run(model, printed, test, line, time_ns);
		return;
	case PRINTED_SKIP:
		take_skip(model, printed, test, line, time_ns);
		return;
	case PRINTED_END:
		take_end(model, printed, test, line, time_ns);
		return;
	default:
		take_between(model, printed, test, line, time_ns);
		return;
	}
}

static struct printed_line parse(const struct printed *printed)
{
	switch (printed->form) {
	case FORM_BOOST:
		return printed_line_boost(printed->line);
	case FORM_CATCH2:
	case FORM_DOCTEST:
		return printed_line_xml(printed->line);
	case FORM_TEAMCITY:
		return printed_line_teamcity(printed->line);
	case FORM_SUBUNIT:
		return printed_line_subunit(printed->line);
	default:
		return printed_line_frame(printed->line);
	}
}

/*
 * These runners write each of their lines at once, so only the last one that is written at once counts: a test whose output
 * is kept back forges nothing. A failure may have more lines. A test can only tell of its own.
 */
void printed_frames_take(struct model *model, struct printed *printed, uint64_t time_ns,
			 bool is_last)
{
	const struct printed_line line = parse(printed);

	if (is_last || line.what == PRINTED_FAILURE || line.has_more)
		printed_frames_apply(model, printed, &line, time_ns);
}

bool printed_frames_decide(struct printed *printed)
{
	const struct printed_line frame = printed_line_frame(printed->line);

	if (frame.what == PRINTED_HEAD || frame.what == PRINTED_SUITE) {
		printed->form = frame.is_cmocka ? FORM_CMOCKA : FORM_GTEST;
		printed->attempt = 1;
		if (frame.what == PRINTED_SUITE)
			take_suite(printed, &frame);
	} else if (startswith(printed->line, "##teamcity[")) {
		printed->form = FORM_TEAMCITY;
	} else if (startswith(printed->line, "Entering test module \"")) {
		printed->form = FORM_BOOST;
	} else if (startswith(printed->line, "<doctest ")) {
		printed->form = FORM_DOCTEST;
	} else if (startswith(printed->line, "<Catch name=\"") ||
		   startswith(printed->line, "<Catch2TestRun ")) {
		printed->form = FORM_CATCH2;
	} else if (startswith(printed->line, "test: ") && !printed->beginless) {
		printed->form = FORM_SUBUNIT;
	}
	return printed->form != FORM_UNKNOWN;
}

void printed_frames_cut(struct printed *printed)
{
	bool can_hide = printed->form == FORM_BOOST || printed->form == FORM_TEAMCITY;

	for (size_t i = 0; can_hide && i < PRINTED_FLOWS; i++) {
		struct printed_test *test = &printed->tests[i];

		if (test->span && !test->ended_ns && !test->noted)
			test->noted = SPAN_UNKNOWN;
	}
}

void printed_frames_over(struct model *model, struct printed *printed, bool is_exit_0)
{
	/* Any program can print "test: ". */
	if (printed->form == FORM_SUBUNIT && !printed->has_end && printed->tests[0].span)
		printed->tests[0].span->cancelled = true;
	for (size_t i = 0; i < PRINTED_FLOWS; i++)
		confirm(model, printed, &printed->tests[i]);
	for (size_t i = 0; i < printed->doubtful_count; i++) {
		struct span *span = printed->doubtful[i];

		/* An error that was expected, or a program that hides its failures. */
		if (is_exit_0)
			printed_set_outcome(model, span,
					    span->outcome == SPAN_UNKNOWN ? SPAN_PASSED
									  : SPAN_UNKNOWN);
		span_unref(model->spans, span);
	}
	printed->doubtful_count = 0;
}
