/* Explains a verdict in sentences: its reasons, whose fault the stalls were, and what to do */
#include "views/reasons.h"

#include <stdbool.h>

#include "base/util.h"

/* The largest of those to blame is a reason too, with its advice. */
static bool is_said(char *const *said, size_t n, const char *sentence)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(said[i], sentence))
			return true;
	return false;
}

size_t reasons_list(const struct report *report, char *ret[REASONS_MAX])
{
	const struct report_verdict *verdict = &report->verdict;
	size_t n = 0;

	for (size_t i = 0; i < verdict->reasons.count && n < REASONS_MAX; i++) {
		const char *reason = verdict->reasons.list[i];

		if (*reason && !startswith(reason, "gate "))
			ret[n++] = xstrdup(reason);
	}
	for (size_t i = 0; i < verdict->blame.count && n < REASONS_MAX; i++) {
		const struct report_blame *blame = &verdict->blame.list[i];

		if (*blame->sentence && !is_said(ret, n, blame->sentence))
			ret[n++] = xasprintf("%s%s%s", blame->sentence, blame->advice ? ". " : "",
					     blame->advice ? blame->advice : "");
	}
	return n;
}
