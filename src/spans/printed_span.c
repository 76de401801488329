/* Begins and ends the span of a test that a program prints. */
#include "spans/printed_span.h"

#include "base/util.h"
#include "model/model.h"
#include "spans/printed_test.h"
#include "spans/span_apply.h"
#include "spans/span_tree.h"

void printed_begin(struct model *model, struct printed *printed, struct printed_test *test,
		   const char *name, uint64_t time_ns)
{
	static const char *const runners[] = {
		[FORM_TAP] = "tap",           [FORM_GTEST] = "gtest",
		[FORM_CMOCKA] = "cmocka",     [FORM_BOOST] = "boost",
		[FORM_CATCH2] = "catch2",     [FORM_DOCTEST] = "doctest",
		[FORM_TEAMCITY] = "teamcity", [FORM_SUBUNIT] = "subunit",
		[FORM_SUBUNIT2] = "subunit",
	};
	const struct span_message message = {
		.event = SPAN_BEGIN,
		.name = name,
		.runner = runners[printed->form],
		.is_printed = true,
		.attempt = printed->attempt > 1 ? printed->attempt : 0,
	};

	test->span = span_begin_of(model, &message, printed->process, time_ns);
	test->ended_ns = 0;
	if (test->span)
		span_ref(test->span);
}

struct span *printed_end(struct model *model, struct printed_test *test, const char *name,
			 enum span_outcome outcome, uint64_t time_ns)
{
	struct span *span = steal_ptr(test->span);
	const struct span_message message = {
		.event = SPAN_END,
		.name = name,
		.outcome = outcome,
		.time_ns = time_ns,
		.received_ns = time_ns,
	};

	test->ended_ns = 0;
	if (span && !span->ended && span->stage != SPAN_FINAL)
		span_end_of(model, span, &message);
	return span;
}

void printed_set_outcome(struct model *model, struct span *span, enum span_outcome outcome)
{
	if (span->stage == SPAN_FINAL)
		span_set_late_outcome(model->spans, span, outcome);
	else
		span->outcome = outcome;
}
