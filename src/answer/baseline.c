/* Earlier reports as the measure for a failed test: what the same test lost when it passed */
#include "answer/baseline.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/util.h"
#include "spans/span.h"

#define BUCKETS   4096
#define TESTS_MAX 1000000 /* of all reports */
#define CHAIN_MAX 4096 /* reports choose the names, and with them the bucket */

struct known_test {
	char *name, *file; /* owned; file NULL: not given */
	struct passed_test passed;
	uint32_t cpu_model; /* its hash */
	struct known_test *next;
};

struct baseline {
	struct known_test *buckets[BUCKETS];
	size_t count;
};

struct baseline *baseline_new(void)
{
	return xcalloc(1, sizeof(struct baseline));
}

void baseline_free(struct baseline *baseline)
{
	for (size_t i = 0; baseline && i < BUCKETS; i++) {
		while (baseline->buckets[i]) {
			struct known_test *test = baseline->buckets[i];

			baseline->buckets[i] = test->next;
			free(test->name);
			free(test->file);
			free(test);
		}
	}
	free(baseline);
}

/* cpu_model NULL: the gauge cannot be compared. */
static void add_test(struct baseline *baseline, const struct report_span *span,
		     const char *cpu_model)
{
	struct known_test **bucket = &baseline->buckets[hash_string(span->name) % BUCKETS];
	struct known_test *test = xcalloc(1, sizeof(*test));
	uint64_t asleep_ns = parts_sum(span->account->ns, SIDE_ASLEEP);

	test->name = xstrdup(span->name);
	test->file = span->file ? xstrdup(span->file) : NULL;
	test->passed = (struct passed_test){
		.duration_ns = span->duration_ns.value,
		.lost_ns = parts_sum(span->account->ns, SIDE_LOST),
		.crowded_ns = parts_sum(span->account->ns, SIDE_CROWDED),
		.asleep_ns = asleep_ns - MIN(span->account->own_sleep_ns, asleep_ns),
		.worked_ns = parts_sum(span->account->ns, SIDE_OWN),
		.gauge_ns = cpu_model && span->account->gauge_ns > 0 ? span->account->gauge_ns : 0,
		.weight = 1,
	};
	test->cpu_model = cpu_model ? hash_string(cpu_model) : 0;
	test->next = *bucket;
	*bucket = test;
	baseline->count++;
}

void baseline_add(struct baseline *baseline, const struct report *report)
{
	const char *version = report->tool.version;
	bool comparable = version && streq(version, LATWRAP_VERSION);
	const char *cpu_model = comparable ? report->run.host.cpu_model : NULL;

	for (size_t i = 0; i < report->spans.count && baseline->count < TESTS_MAX; i++) {
		const struct report_span *span = &report->spans.list[i];

		if (span->outcome.value == SPAN_PASSED && span->account)
			add_test(baseline, span, cpu_model);
	}
}

static bool is_same(const struct known_test *test, const struct span *span)
{
	return streq(test->name, span->name.data) && streq_null(test->file, span->file);
}

struct usual baseline_find(const struct baseline *baseline, const struct span *span,
			   const char *cpu_model)
{
	const struct known_test *test;
	struct passed_test *list = NULL;
	struct usual usual = {0};
	size_t count = 0;

	if (!baseline || !span->name.data)
		return usual;
	test = baseline->buckets[hash_string(span->name.data) % BUCKETS];
	for (size_t i = 0; test && i < CHAIN_MAX; i++, test = test->next) {
		if (!is_same(test, span))
			continue;
		list = xreallocarray(list, count + 1, sizeof(*list));
		list[count] = test->passed;
		if (!cpu_model || test->cpu_model != hash_string(cpu_model))
			list[count].gauge_ns = 0;
		count++;
	}
	if (count)
		usual_of_list(list, count, &usual);
	usual.of_same_test = true;
	free(list);
	return usual;
}
