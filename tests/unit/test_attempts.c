/* Tests of report/attempts: entries, the reports kept in them, and an attempt that could not be followed up */
#include "report/attempts.h"

#include "catalog/words.h"
#include "report/load.h"
#include "report/write.h"
#include "tap.h"
#include "views/attempt_list.h"

static struct report *report_of(const char *id, uint64_t code)
{
	struct report *report = xcalloc(1, sizeof(*report));
	struct report_stall_sum *cpu = arena_alloc(&report->memory, 1, sizeof(*cpu));

	cpu->count = 3;
	report->schema_version = REPORT_SCHEMA_VERSION;
	report->run.id = id;
	report->run.duration_ns = 2 * NSEC_PER_SEC;
	report->run.exit.code = (struct optional_u64){code, true};
	report->totals.of[STALL_CPU] = cpu;
	report->verdict.status = (struct word){"stalled", VERDICT_STALLED};
	return report;
}

static char *printed(const struct report *report)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out) {
		report_print_json(report, out);
		fclose(out);
	}
	return text;
}

static void test_two(void)
{
	struct report *first = report_of("a", 1);
	_cleanup_report_ struct report *last = report_of("b", 0);
	struct attempt_list list = {0};
	_cleanup_free_ char *json = NULL;
	const struct report *found;

	attempts_add(&list, first, &(struct attempt_fate){true, true, "gate breached\xff"});
	attempts_keep(&list, first);
	attempts_add(&list, last, &(struct attempt_fate){false, false, "it passed"});
	attempts_attach(last, &list);
	json = printed(last);
	ok(strstr(json, "\"attempts\":[]"));
	is_u64(last->attempts.count, 2);
	found = attempts_report(last, 1);
	is_str(found->run.id, "a");
	is_u64(found->attempts.count, 0);
	ok(found->attempts.list);
	ok(attempts_report(last, 2) == last);
	ok(!attempts_report(last, 3));
	ok(!attempts_report(last, 0));
	is_str(last->attempts.list[0].reason, "gate breached\xef\xbf\xbd");
	attempts_done(&list);
}

static void test_taken_back(void)
{
	struct report *first = report_of("a", 1);
	_cleanup_report_ struct report *back = NULL;
	struct attempt_list list = {0};
	const struct report_attempt *entry;

	attempts_add(&list, first, &(struct attempt_fate){true, true, "gate breached"});
	attempts_keep(&list, first);
	back = attempts_take_back(&list, "no memory");
	ok(back == first);
	attempts_attach(back, &list);
	entry = &back->attempts.list[0];
	is_str(entry->reason, "gate breached, but no memory");
	ok(!entry->retried);
	ok(entry->spoiled);
	ok(!entry->report);
	ok(attempts_report(back, 1) == back);
	attempts_done(&list);
}

static void test_words(void)
{
	const struct view_style style = {.escape = view_escape_terminal, .name_columns = 32};
	_cleanup_report_ struct report *report = report_of("a", 7);
	_cleanup_free_ char *outcome = NULL, *why = NULL;
	struct attempt_list list = {0};

	attempts_add(&list, report, &(struct attempt_fate){true, true, "gate \x1b breached"});
	outcome = attempt_outcome(list.list, &style);
	why = attempt_why(list.list, &style);
	is_str(outcome, "exit status 7 after 2s, 3 stalls, longest 0ns");
	is_str(why, "tried again: gate \\x1b breached");
	attempts_done(&list);
}

int main(void)
{
	test_two();
	test_taken_back();
	test_words();
	return tap_done();
}
