/* Tests of views/attempt_list: entries, the reports kept in them, and an attempt that could not be followed up */
#include "views/attempt_list.h"

#include "report/json.h"
#include "report/load.h"
#include "report/write.h"
#include "tap.h"

static cJSON *report_of(const char *id, int code)
{
	cJSON *report = cJSON_CreateObject(), *run = json_object(report, "run");
	cJSON *exit = json_object(run, "exit");

	json_text(run, "id", id);
	json_u64(run, "duration_ns", 2 * NSEC_PER_SEC);
	json_u64(exit, "code", code);
	json_u64(json_object(json_object(report, "totals"), "cpu"), "count", 3);
	json_text(json_object(report, "verdict"), "status", "stalled");
	return report;
}

static char *printed(const cJSON *report)
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
	_cleanup_json_ cJSON *list = cJSON_CreateArray(), *last = report_of("b", 0);
	_cleanup_json_ cJSON *parsed = NULL;
	_cleanup_free_ char *json = NULL;
	cJSON *first = report_of("a", 1);

	attempts_add(list, first, &(struct attempt_fate){true, true, "gate breached\xff"});
	attempts_keep(list, first);
	attempts_add(list, last, &(struct attempt_fate){false, false, "it passed"});
	attempts_attach(last, list);
	json = printed(last);
	parsed = cJSON_Parse(json);
	is_u64(cJSON_GetArraySize(report_array(parsed, "attempts")), 2);
	is_str(report_string(attempts_report(parsed, 1), "run.id", "?"), "a");
	is_u64(cJSON_GetArraySize(report_array(attempts_report(parsed, 1), "attempts")), 0);
	ok(report_array(attempts_report(parsed, 1), "attempts"));
	ok(attempts_report(parsed, 2) == parsed);
	ok(!attempts_report(parsed, 3));
	ok(!attempts_report(parsed, 0));
	is_str(report_string(report_array(parsed, "attempts")->child, "reason", "?"),
	       "gate breached\xef\xbf\xbd");
}

static void test_taken_back(void)
{
	_cleanup_json_ cJSON *list = cJSON_CreateArray(), *back = NULL;
	cJSON *first = report_of("a", 1);
	const cJSON *entry;

	attempts_add(list, first, &(struct attempt_fate){true, true, "gate breached"});
	attempts_keep(list, first);
	back = attempts_take_back(list, "no memory");
	ok(back == first);
	attempts_attach(back, list);
	entry = report_array(back, "attempts")->child;
	is_str(report_string(entry, "reason", "?"), "gate breached, but no memory");
	ok(!report_bool(entry, "retried", true));
	ok(report_bool(entry, "spoiled", false));
	ok(!report_known(entry, "report"));
	ok(attempts_report(back, 1) == back);
}

static void test_words(void)
{
	const struct view_style style = {.escape = view_escape_terminal, .name_columns = 32};
	_cleanup_json_ cJSON *list = cJSON_CreateArray(), *report = report_of("a", 7);
	_cleanup_free_ char *outcome = NULL, *why = NULL;

	attempts_add(list, report, &(struct attempt_fate){true, true, "gate \x1b breached"});
	outcome = attempt_outcome(list->child, &style);
	why = attempt_why(list->child, &style);
	is_str(outcome, "exit status 7 after 2s, 3 stalls, longest 0ns");
	is_str(why, "tried again: gate \\x1b breached");
}

int main(void)
{
	test_two();
	test_taken_back();
	test_words();
	return tap_done();
}
