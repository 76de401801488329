/* The columns about the run before each stall in CSV and NDJSON, besides those in catalog/fields.h */
#include "views/rows/columns.h"

#include <stdio.h>

#include "base/quote.h"

char *run_command_line(const struct report *report)
{
	const struct texts *words = &report->run.command;
	char *line = NULL;
	size_t size;
	FILE *out = open_memstream(&line, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < words->count; i++) {
		if (i)
			putc(' ', out);
		quote_for_shell(words->list[i], out);
	}
	fclose(out);
	return line;
}
