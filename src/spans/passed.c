/* A sample of the tests that passed: what each lost, as the measure for the tests that failed */
#include "spans/passed.h"

#include <stdlib.h>

#include "base/util.h"
#include "spans/span.h"

bool passed_test(const struct span *span, struct passed_test *ret)
{
	const struct account *account = span->account;

	if (span->outcome != SPAN_PASSED || span->has_tests || !account)
		return false;
	*ret = (struct passed_test){
		.duration_ns = account->until_ns - account->from_ns,
		.lost_ns = account_side_ns(account, SIDE_LOST),
		.crowded_ns = account_side_ns(account, SIDE_CROWDED),
		.asleep_ns = account_asleep_ns(account),
		.worked_ns = account_side_ns(account, SIDE_OWN),
		.weight = 1,
	};
	return true;
}

static void halve(struct passed *passed)
{
	for (size_t i = 0; i < PASSED_MAX / 2; i++) {
		passed->list[i] = passed->list[2 * i];
		passed->list[i].weight *= 2;
	}
	passed->count = PASSED_MAX / 2;
	passed->weight *= 2;
}

void passed_gone(struct passed **passed, const struct span *span)
{
	struct passed *list = *passed;
	struct passed_test test;

	if (!passed_test(span, &test))
		return;
	if (!list) {
		list = *passed = xcalloc(1, sizeof(*list));
		list->weight = 1;
	}
	if (list->skip) {
		list->skip--;
		return;
	}
	if (list->count == PASSED_MAX)
		halve(list);
	test.weight = list->weight;
	list->list[list->count++] = test;
	list->skip = list->weight - 1;
}
