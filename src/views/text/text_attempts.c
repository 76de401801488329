/* Prints the attempts of a run in the text view, and why latwrap did or did not retry */
#include "views/text/text_attempts.h"

#include "views/attempt_list.h"

#define ATTEMPTS_MAX 20

void text_print_attempts(const struct report *report, FILE *out, bool color,
			 const struct view_style *style)
{
	size_t count = report->attempts.count;

	if (!attempts_worth_showing(report))
		return;
	if (count > 1)
		fprintf(out, "%sAttempts%s, %zu; all else here is about the last\n",
			color ? "\033[1m" : "", color ? "\033[0m" : "", count);
	for (size_t i = 0; i < MIN(count, (size_t)ATTEMPTS_MAX); i++) {
		const struct report_attempt *entry = &report->attempts.list[i];
		_cleanup_free_ char *outcome = attempt_outcome(entry, style);
		_cleanup_free_ char *why = attempt_why(entry, style);

		if (count == 1)
			fprintf(out, "  %s\n", why);
		else if (i + 1 == count && attempt_passed(entry))
			fprintf(out, "  %zu: %s\n", i + 1, outcome);
		else
			fprintf(out, "  %zu: %s; %s\n", i + 1, outcome, why);
	}
}
