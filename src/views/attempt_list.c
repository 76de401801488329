/* The attempts at a command (--retry): one entry each, the earlier ones with their whole reports */
#include "views/attempt_list.h"

#include <inttypes.h>

#include <stdlib.h>

#include "base/duration.h"
#include "report/json.h"
#include "report/load.h"

#define REASON_CHARS 300

static const char *const kinds[] = {"cpu", "io", "hiccup"};

static void copy(cJSON *entry, const char *key, const cJSON *report, const char *path)
{
	const cJSON *item = report_get(report, path);
	cJSON *duplicate = item ? cJSON_Duplicate(item, true) : cJSON_CreateNull();

	if (!duplicate)
		abort();
	cJSON_AddItemToObject(entry, key, duplicate);
}

static void add_stalls(cJSON *entry, const cJSON *report)
{
	static const char *const fields[] = {"count", "total_ns", "max_ns"};
	cJSON *stalls = json_object(entry, "stalls");

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const cJSON *totals = report_object(report_object(report, "totals"), kinds[i]);
		cJSON *object;

		if (!totals) {
			json_text(stalls, kinds[i], NULL);
			continue;
		}
		object = json_object(stalls, kinds[i]);
		for (size_t field = 0; field < ARRAY_SIZE(fields); field++)
			copy(object, fields[field], totals, fields[field]);
	}
}

static void add_reason(cJSON *entry, const char *reason)
{
	json_name(entry, "reason", reason, strlen(reason));
}

void attempts_add(cJSON *list, const cJSON *report, const struct attempt_fate *fate)
{
	cJSON *entry = json_row(list);

	json_u64(entry, "number", cJSON_GetArraySize(list));
	copy(entry, "run_id", report, "run.id");
	copy(entry, "started_at", report, "run.started_at");
	copy(entry, "duration_ns", report, "run.duration_ns");
	copy(entry, "exit", report, "run.exit");
	copy(entry, "exit_status", report, "run.exit_status");
	copy(entry, "verdict", report, "verdict.status");
	add_stalls(entry, report);
	copy(entry, "gates", report, "verdict.gates");
	copy(entry, "tests", report, "verdict.tests");
	json_bool(entry, "spoiled", fate->spoiled);
	json_bool(entry, "retried", fate->retried);
	add_reason(entry, fate->reason);
	json_text(entry, "report", NULL);
}

static cJSON *last_entry(cJSON *list)
{
	return cJSON_GetArrayItem(list, cJSON_GetArraySize(list) - 1);
}

void attempts_keep(cJSON *list, cJSON *report)
{
	json_array(report, "attempts");
	cJSON_ReplaceItemInObjectCaseSensitive(last_entry(list), "report", report);
}

cJSON *attempts_take_back(cJSON *list, const char *why)
{
	cJSON *entry = last_entry(list);
	cJSON *report = cJSON_DetachItemFromObjectCaseSensitive(entry, "report");
	_cleanup_free_ char *reason =
		xasprintf("%s, but %s", report_string(entry, "reason", "?"), why);

	cJSON_DeleteItemFromObjectCaseSensitive(report, "attempts");
	cJSON_DeleteItemFromObjectCaseSensitive(entry, "retried");
	cJSON_DeleteItemFromObjectCaseSensitive(entry, "reason");
	json_bool(entry, "retried", false);
	add_reason(entry, reason);
	json_text(entry, "report", NULL);
	return report;
}

void attempts_attach(cJSON *report, const cJSON *list)
{
	if (!cJSON_AddItemReferenceToObject(report, "attempts", (cJSON *)list))
		abort();
}

const cJSON *attempts_report(const cJSON *report, uint64_t number)
{
	const cJSON *entry;

	cJSON_ArrayForEach(entry, report_array(report, "attempts")) {
		const cJSON *own = report_object(entry, "report");

		if (report_u64(entry, "number", 0) == number)
			return own ? own : report;
	}
	return NULL;
}

/* -- In words -------------------------------------------------------------------------------------- */

char *attempt_outcome(const cJSON *entry, const struct view_style *style)
{
	uint64_t code = report_u64(entry, "exit.code", UINT64_MAX), count = 0, longest_ns = 0;
	bool timed_out = report_bool(entry, "exit.timed_out", false);
	char after[DURATION_FORMAT_BYTES], longest[DURATION_FORMAT_BYTES];
	char number[VIEW_COUNT_BYTES];
	_cleanup_free_ char *signal = style->escape(
		report_string(entry, "exit.signal_name", "a signal"), style->name_columns);
	_cleanup_free_ char *end = timed_out           ? xstrdup("timed out")
				   : code == 0         ? xstrdup("passed")
				   : code < UINT64_MAX ? xasprintf("exit status %d", (int)code)
						       : xasprintf("killed by %s", signal);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const cJSON *stalls = report_object(report_object(entry, "stalls"), kinds[i]);

		count += MIN(report_u64(stalls, "count", 0), UINT64_MAX - count);
		longest_ns = MAX(longest_ns, report_u64(stalls, "max_ns", 0));
	}
	duration_format(after, report_u64(entry, "duration_ns", 0));
	if (streq(report_string(entry, "verdict", ""), "unmeasured"))
		return xasprintf("%s after %s, not measured", end, after);
	if (!count)
		return xasprintf("%s after %s, no stalls", end, after);
	return xasprintf("%s after %s, %s stall%s, longest %s", end, after,
			 view_count(number, count), count == 1 ? "" : "s",
			 duration_format(longest, longest_ns));
}

char *attempt_why(const cJSON *entry, const struct view_style *style)
{
	_cleanup_free_ char *reason =
		style->escape(report_string(entry, "reason", "?"), REASON_CHARS);

	return xasprintf("%s: %s",
			 report_bool(entry, "retried", false) ? "tried again" : "not tried again",
			 reason);
}

char *attempt_line(const cJSON *entry, const struct view_style *style)
{
	_cleanup_free_ char *outcome = attempt_outcome(entry, style);
	_cleanup_free_ char *why = attempt_why(entry, style);
	uint64_t number = report_u64(entry, "number", 0);

	if (report_u64(entry, "exit.code", 1) == 0 && !report_bool(entry, "retried", false))
		return xasprintf("attempt %" PRIu64 ": %s", number, outcome);
	return xasprintf("attempt %" PRIu64 ": %s; %s", number, outcome, why);
}

const cJSON *attempts_to_tell(const cJSON *report)
{
	const cJSON *list = report_array(report, "attempts");
	int count = cJSON_GetArraySize(list);

	return count > 1 || (count == 1 && report_u64(list->child, "exit.code", 1) != 0) ? list
											 : NULL;
}
