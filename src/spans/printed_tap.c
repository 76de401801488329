/* Tests that a program prints as TAP: a test lasts from one result to the next. */
#include "spans/printed_tap.h"

#include <stdlib.h>

#include "base/util.h"
#include "model/model.h"
#include "spans/printed_line.h"
#include "spans/printed_span.h"
#include "spans/printed_test.h"
#include "spans/span_tree.h"

#define NAMES_BYTES 256 /* of the names of tests whose results come at once */

/* What was begun is no test. */
void printed_tap_cancel(struct model *model, struct printed *printed, uint64_t time_ns)
{
	if (printed->tests[0].span)
		printed->tests[0].span->cancelled = true;
	span_unref(model->spans,
		   printed_end(model, &printed->tests[0], NULL, SPAN_NO_OUTCOME, time_ns));
}

static void tap_next(struct model *model, struct printed *printed, uint64_t time_ns)
{
	_cleanup_free_ char *name = xasprintf("test %llu", (unsigned long long)printed->count + 1);

	if (printed->tests[0].span)
		span_rename(printed->tests[0].span, name);
	else
		printed_begin(model, printed, &printed->tests[0], name, time_ns);
}

static void tap_contradicts(struct model *model, struct printed *printed, uint64_t time_ns)
{
	struct span *last = printed->last;

	printed_tap_cancel(model, printed, time_ns);
	printed->form = FORM_NONE;
	if (!last || last->cancelled)
		return;
	printed_set_outcome(model, last, SPAN_UNKNOWN);
	last->contradicted = true;
	if (last->stage == SPAN_FINAL)
		span_count_contradiction(model->spans, last);
}

/* What was all written at once has no times, and may be a copy: "cat log". */
void printed_tap_doubt(struct model *model, struct printed *printed, uint64_t time_ns)
{
	if (!printed->last || printed->last_ns != printed->first_ns)
		return;
	printed_set_outcome(model, printed->last, SPAN_NO_OUTCOME);
	printed->last->cancelled = true;
	printed_tap_cancel(model, printed, time_ns);
}

static void tap_plan(struct model *model, struct printed *printed, uint64_t planned,
		     uint64_t time_ns)
{
	if (printed->has_plan || planned < printed->count) {
		tap_contradicts(model, printed, time_ns);
		return;
	}
	printed->has_plan = true;
	printed->planned = planned;
	if (planned == printed->count)
		printed_tap_cancel(model, printed, time_ns);
	else
		tap_next(model, printed, time_ns);
}

/* Results that are written at once have one time: their tests share a span. */
static void tap_came_at_once(struct model *model, struct printed *printed, const char *name,
			     enum span_outcome outcome)
{
	struct span *last = printed->last;
	_cleanup_free_ char *names = xasprintf("%s or %s", last->name.data, name);

	if (strlen(names) <= NAMES_BYTES)
		span_rename(last, names);
	if (outcome == SPAN_FAILED || last->outcome == SPAN_SKIPPED)
		printed_set_outcome(model, last, outcome);
}

/* A write that fails or is interrupted is repeated, and was already seen. */
static bool is_repeated(const struct printed *printed)
{
	return streq(printed->result, printed->line);
}

static void tap_result(struct model *model, struct printed *printed,
		       const struct printed_line *line, uint64_t time_ns)
{
	_cleanup_free_ char *name =
		line->length ? xstrndup(line->name, line->length)
			     : xasprintf("test %llu", (unsigned long long)line->number);

	if (line->number != printed->count + 1 ||
	    (printed->has_plan && printed->count >= printed->planned)) {
		tap_contradicts(model, printed, time_ns);
		return;
	}
	printed->count++;
	memcpy(printed->result, printed->line, sizeof(printed->result));
	if (printed->last && printed->last_ns == time_ns) {
		tap_came_at_once(model, printed, name, line->outcome);
	} else {
		span_unref(model->spans, printed->last);
		printed->last =
			printed_end(model, &printed->tests[0], name, line->outcome, time_ns);
		printed->last_ns = time_ns;
	}
	if (printed->has_plan && printed->count == printed->planned)
		printed_tap_cancel(model, printed, time_ns);
	else
		tap_next(model, printed, time_ns);
}

void printed_tap_take(struct model *model, struct printed *printed, uint64_t time_ns)
{
	const struct printed_line line = printed_line_tap(printed->line);

	if (line.what == PRINTED_PLAN)
		tap_plan(model, printed, line.number, time_ns);
	else if (line.what == PRINTED_RESULT && !is_repeated(printed))
		tap_result(model, printed, &line, time_ns);
}
