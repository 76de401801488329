/* Fuzzes what is read from test programs' output: a test begins, waits and goes on in turn, and ends once */
#include "base/util.h"
#include "fuzz.h"
#include "runners/test_output.h"

#define TESTS_MAX 20000

enum state { UNKNOWN, RUNNING, PAUSED, ENDED };

struct seen {
	uint64_t count, last_ns;
	unsigned char states[TESTS_MAX];
};

static void check(void *context, const struct test_event *event)
{
	struct seen *seen = context;
	unsigned char *state = &seen->states[event->number];

	must_hold(event->number && event->number < TESTS_MAX);
	must_hold(event->name && *event->name && !strchr(event->name, '\n'));
	must_hold(event->time_ns && event->time_ns <= seen->last_ns);
	switch (event->event) {
	case SPAN_BEGIN:
		must_hold(*state == UNKNOWN && event->number == ++seen->count);
		must_hold(event->parent < event->number);
		must_hold(!event->parent || seen->states[event->parent] != ENDED);
		*state = RUNNING;
		break;
	case SPAN_PAUSE:
		must_hold(*state == RUNNING);
		*state = PAUSED;
		break;
	case SPAN_RESUME:
		must_hold(*state == PAUSED);
		*state = RUNNING;
		break;
	default:
		must_hold(event->event == SPAN_END && event->outcome != SPAN_NO_OUTCOME);
		must_hold(*state == RUNNING || *state == PAUSED);
		*state = ENDED;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen *seen = xcalloc(1, sizeof(*seen));
	enum test_output_kind kind = size && data[0] & 1 ? TEST_OUTPUT_GO : TEST_OUTPUT_LIBTEST;
	struct test_output *output = test_output_new(kind, check, seen);

	/* In pieces as long as its bytes say. */
	for (size_t at = 1; at < size;) {
		size_t piece = MIN((size_t)(data[at] % 64) + 1, size - at);

		test_output_read(output, (const char *)data + at, piece, ++seen->last_ns);
		at += piece;
	}
	test_output_free(output);
	free(seen);
	return 0;
}
