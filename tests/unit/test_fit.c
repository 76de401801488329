/* Tests of report/fit: what one writes the other reads, and what had no room is counted */
#include "report/fit.h"

#include "base/util.h"
#include "report/load.h"
#include "report/write.h"
#include "tap.h"

#define ALL       UINT64_MAX
#define ROWS_EACH 100

static const char *hostile = "x";

/* Fields that may not be null need a value, and no more. */
static void fill_rows(struct arena *memory, struct report_process *processes,
		      struct report_stall *stalls)
{
	for (size_t i = 0; i < ROWS_EACH; i++) {
		processes[i] = (struct report_process){.comm = hostile};
		processes[i].cpu.histogram.list = arena_alloc(memory, 0, 1);
		stalls[i] = (struct report_stall){.kind = {i % 2 ? "io" : "cpu", i % 2},
						  .duration_ns = ROWS_EACH - i,
						  .comm = hostile,
						  .cause = {"unknown", 0}};
		stalls[i].shares.list = arena_alloc(memory, 0, 1);
	}
}

static void fill_part(struct report *report)
{
	struct arena *memory = &report->memory;

	report->processes.count = report->files.count = report->spans.count = report->stalls.count =
		ROWS_EACH;
	report->processes.list = arena_alloc(memory, ROWS_EACH, sizeof(*report->processes.list));
	report->files.list = arena_alloc(memory, ROWS_EACH, sizeof(*report->files.list));
	report->spans.list = arena_alloc(memory, ROWS_EACH, sizeof(*report->spans.list));
	report->stalls.list = arena_alloc(memory, ROWS_EACH, sizeof(*report->stalls.list));
	fill_rows(memory, report->processes.list, report->stalls.list);
	for (size_t i = 0; i < ROWS_EACH; i++) {
		report->files.list[i] = (struct report_file){.path = hostile};
		report->spans.list[i] = (struct report_span){.id = i + 1, .name = hostile};
	}
	report->dropped.stalls.of[0] = 5;
	report->watched.count = 1;
	report->watched.list = arena_alloc(memory, 1, sizeof(*report->watched.list));
	report->watched.list[0] = (struct report_watched){.name = "service", .cgroup = "/service"};
	report->watched.list[0].processes.count = report->watched.list[0].stalls.count = ROWS_EACH;
	report->watched.list[0].processes.list =
		arena_alloc(memory, ROWS_EACH, sizeof(*report->processes.list));
	report->watched.list[0].stalls.list =
		arena_alloc(memory, ROWS_EACH, sizeof(*report->stalls.list));
	fill_rows(memory, report->watched.list[0].processes.list,
		  report->watched.list[0].stalls.list);
}

/* With an earlier attempt, and a service beside each. */
static struct report *new_report(void)
{
	struct report *report = xcalloc(1, sizeof(*report)), *earlier = xcalloc(1, sizeof(*report));

	fill_part(report);
	fill_part(earlier);
	report->attempts.count = 1;
	report->attempts.list = arena_alloc(&report->memory, 1, sizeof(*report->attempts.list));
	report->attempts.list[0] = (struct report_attempt){.number = 1, .report = earlier};
	return report;
}

static void free_report(struct report *report)
{
	report_free(report->attempts.list[0].report);
	report_free(report);
}

static void measure(const struct report *report, uint64_t *ret_values, size_t *ret_bytes)
{
	struct value_counter counter = {0};
	_cleanup_free_ char *text = NULL;
	FILE *out = open_memstream(&text, ret_bytes);

	report_print_json(report, out);
	fclose(out);
	/* In parts of any size. */
	for (size_t at = 0; at < *ret_bytes; at += 7)
		value_counter_add(&counter, text + at, MIN(*ret_bytes - at, (size_t)7));
	*ret_values = counter.count;
}

static void check_watched(const struct report_watched *watched)
{
	is_u64(watched->processes.count + watched->dropped.processes, ROWS_EACH);
	is_u64(watched->stalls.count + watched->dropped.stalls.of[0] +
		       watched->dropped.stalls.of[1],
	       ROWS_EACH);
}

static void check_part(const struct report *report)
{
	is_u64(report->files.count + report->dropped.files, ROWS_EACH);
	is_u64(report->processes.count + report->dropped.processes, ROWS_EACH);
	is_u64(report->spans.count + report->dropped.spans, ROWS_EACH);
	is_u64(report->stalls.count + report->dropped.stalls.of[0] + report->dropped.stalls.of[1],
	       ROWS_EACH + 5);
	check_watched(&report->watched.list[0]);
}

static struct report *fitted(uint64_t values_max, uint64_t bytes_max)
{
	struct report *report = new_report();
	uint64_t values;
	size_t bytes;

	report_fit(report, values_max, bytes_max);
	measure(report, &values, &bytes);
	okf(values <= values_max && bytes <= bytes_max, "%llu values, %zu bytes",
	    (unsigned long long)values, bytes);
	check_part(report);
	check_part(report->attempts.list[0].report);
	return report;
}

static void test_order(void)
{
	struct report *report = fitted(ALL, ALL), *earlier;
	uint64_t values;
	size_t bytes;

	measure(report, &values, &bytes);
	is_u64(report->stalls.count, ROWS_EACH);
	free_report(report);

	report = fitted(values - 1, ALL);
	earlier = report->attempts.list[0].report;
	is_u64(report->stalls.count, ROWS_EACH);
	is_u64(earlier->stalls.count, ROWS_EACH);
	is_u64(earlier->watched.list[0].stalls.count, ROWS_EACH - 1);
	is_u64(earlier->watched.list[0].dropped.stalls.of[1], 1);
	free_report(report);

	report = fitted(ALL, bytes - 1);
	is_u64(report->attempts.list[0].report->watched.list[0].stalls.count, ROWS_EACH - 1);
	free_report(report);

	for (unsigned part = 2; part <= 6; part++) {
		report = fitted(values / part, ALL);
		is_u64(report->attempts.list[0].report->stalls.count, 0);
		ok(report->spans.count > 0);
		free_report(report);
	}
}

/* Whatever a text becomes in print. */
static void test_bytes(void)
{
	static const char *const texts[] = {"",
					    "\x01\x7f\x1b",
					    "##",
					    "\"\\",
					    "\xff\xfe\xc3",
					    "\xc2\x85\xe2\x80\xae\xd8\x9c",
					    "\xf0\x9f\x98\x80"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		hostile = texts[i];
		for (uint64_t bytes = 400000; bytes >= 50000; bytes /= 2)
			free_report(fitted(ALL, bytes));
	}
}

int main(void)
{
	test_order();
	test_bytes();
	return tap_done();
}
