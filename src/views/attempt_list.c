/* The attempts at a command (--retry) in words, and their reports */
#include "views/attempt_list.h"

#include <inttypes.h>

#include "base/duration.h"
#include "catalog/words.h"

#define REASON_CHARS 300

const struct report *attempts_report(const struct report *report, uint64_t number)
{
	for (size_t i = 0; i < report->attempts.count; i++) {
		const struct report_attempt *entry = &report->attempts.list[i];

		if (entry->number == number)
			return entry->report ? entry->report : report;
	}
	return NULL;
}

bool attempt_passed(const struct report_attempt *entry)
{
	return entry->exit.code.known && entry->exit.code.value == 0;
}

char *attempt_outcome(const struct report_attempt *entry, const struct view_style *style)
{
	uint64_t count = 0, longest_ns = 0;
	char after[DURATION_FORMAT_BYTES], longest[DURATION_FORMAT_BYTES];
	char number[VIEW_COUNT_BYTES];
	const struct report_exit *exit = &entry->exit;
	_cleanup_free_ char *signal = style->escape(
		exit->signal_name ? exit->signal_name : "a signal", style->name_columns);
	_cleanup_free_ char *end = exit->timed_out         ? xstrdup("timed out")
				   : attempt_passed(entry) ? xstrdup("passed")
				   : exit->code.known
					   ? xasprintf("exit status %" PRIu64, exit->code.value)
					   : xasprintf("killed by %s", signal);

	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++) {
		const struct report_attempt_sum *stalls = entry->stalls.of[kind];

		if (!stalls)
			continue;
		count = view_sum(count, stalls->count);
		longest_ns = MAX(longest_ns, stalls->max_ns.value);
	}
	duration_format(after, entry->duration_ns);
	if (entry->verdict.value == VERDICT_UNMEASURED)
		return xasprintf("%s after %s, not measured", end, after);
	if (!count)
		return xasprintf("%s after %s, no stalls", end, after);
	return xasprintf("%s after %s, %s stall%s, longest %s", end, after,
			 view_count(number, count), count == 1 ? "" : "s",
			 duration_format(longest, longest_ns));
}

char *attempt_why(const struct report_attempt *entry, const struct view_style *style)
{
	_cleanup_free_ char *reason = style->escape(entry->reason, REASON_CHARS);

	return xasprintf("%s: %s", entry->retried ? "tried again" : "not tried again", reason);
}

char *attempt_line(const struct report_attempt *entry, const struct view_style *style)
{
	_cleanup_free_ char *outcome = attempt_outcome(entry, style);
	_cleanup_free_ char *why = attempt_why(entry, style);

	if (attempt_passed(entry) && !entry->retried)
		return xasprintf("attempt %" PRIu64 ": %s", entry->number, outcome);
	return xasprintf("attempt %" PRIu64 ": %s; %s", entry->number, outcome, why);
}

bool attempts_worth_showing(const struct report *report)
{
	size_t count = report->attempts.count;

	return count > 1 || (count == 1 && !attempt_passed(report->attempts.list));
}
