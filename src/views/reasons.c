/* Why a verdict is what it is, in sentences: its reasons, whose fault it was, and what to do */
#include "views/reasons.h"

#include <stdbool.h>

#include "base/util.h"
#include "report/load.h"

/* The largest of those to blame is a reason too, with its advice. */
static bool is_said(char *const *said, size_t n, const char *sentence)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(said[i], sentence))
			return true;
	return false;
}

size_t reasons_list(const cJSON *report, char *ret[REASONS_MAX])
{
	size_t n = 0;
	const cJSON *item;

	cJSON_ArrayForEach(item, report_array(report, "verdict.reasons")) {
		const char *reason = report_string(item, "", "");

		if (n == REASONS_MAX)
			break;
		if (*reason && !startswith(reason, "gate "))
			ret[n++] = xstrdup(reason);
	}
	cJSON_ArrayForEach(item, report_array(report, "verdict.blame")) {
		const char *sentence = report_string(item, "sentence", "");
		const char *advice = report_string(item, "advice", NULL);

		if (n == REASONS_MAX)
			break;
		if (*sentence && !is_said(ret, n, sentence))
			ret[n++] = xasprintf("%s%s%s", sentence, advice ? ". " : "",
					     advice ? advice : "");
	}
	return n;
}
