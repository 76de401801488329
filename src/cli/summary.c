/* The summary of a run on standard error */
#include "cli/summary.h"

#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "views/text/text.h"

void summary_print(const struct report *report, enum color color, const char *written_to)
{
	struct text_options text = {
		.color = terminal_color(color, STDERR_FILENO),
		.width = terminal_width(STDERR_FILENO),
		.max_stalls = TEXT_STALLS_DEFAULT,
		.brief = true,
		.report_path = written_to,
	};
	_cleanup_free_ char *summary = NULL;
	size_t size;
	FILE *out;

	/* Write the summary in one piece: leftovers may still write to standard error. */
	out = open_memstream(&summary, &size);
	if (!out)
		return;
	report_print_text(report, out, &text);
	fclose(out);
	log_text(summary, size);
}
