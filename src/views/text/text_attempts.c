/* The attempts of a run in its summary, and why there was another, or none */
#include "views/text/text_attempts.h"

#include "views/attempt_list.h"
#include "report/load.h"

#define ATTEMPTS_MAX 20

void text_print_attempts(const cJSON *report, FILE *out, bool color, const struct view_style *style)
{
	const cJSON *attempts = report_array(report, "attempts"), *entry;
	int count = cJSON_GetArraySize(attempts), shown = 0;

	if (!count || (count == 1 && report_u64(attempts->child, "exit.code", 1) == 0))
		return;
	if (count > 1)
		fprintf(out, "%sAttempts%s, %d; all else here is about the last\n",
			color ? "\033[1m" : "", color ? "\033[0m" : "", count);
	cJSON_ArrayForEach(entry, attempts) {
		_cleanup_free_ char *outcome = attempt_outcome(entry, style);
		_cleanup_free_ char *why = attempt_why(entry, style);

		if (shown++ == ATTEMPTS_MAX)
			break;
		if (count == 1)
			fprintf(out, "  %s\n", why);
		else if (shown == count && report_u64(entry, "exit.code", 1) == 0)
			fprintf(out, "  %d: %s\n", shown, outcome);
		else
			fprintf(out, "  %d: %s; %s\n", shown, outcome, why);
	}
}
