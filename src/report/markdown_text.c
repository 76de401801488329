/* Hostile text in Markdown: code spans for names, escaped sentences */
#include "report/markdown_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/util.h"
#include "report/view.h"

/* Ends nothing, joins nothing, and breaks what others look for in text: "@name", "#1", "://". */
#define BREAK "&#8203;"

static size_t longest_run(const char *text, char c)
{
	size_t longest = 0, run = 0;

	for (; *text; text++) {
		run = *text == c ? run + 1 : 0;
		longest = MAX(longest, run);
	}
	return longest;
}

static char *code_span(const char *text, size_t max_columns, bool cell)
{
	_cleanup_free_ char *safe = view_escape_terminal(text, max_columns);
	size_t fence = longest_run(safe, '`') + 1, size;
	_cleanup_free_ char *fences = xmalloc(fence);
	const char *pad;
	char *code = NULL;
	FILE *out = open_memstream(&code, &size);

	if (!out)
		return xstrdup("?");
	memset(fences, '`', fence);
	/* One blank at each end is taken off again. Without them a backtick of the name would be one
	 * of the fence, and nothing at all no code. */
	pad = *safe && (strchr("` ", *safe) || strchr("` ", safe[strlen(safe) - 1])) ? " " : "";
	fprintf(out, "%.*s%s", (int)fence, fences, pad);
	for (const char *p = *safe ? safe : "''"; *p; p++) {
		if (cell && *p == '|')
			putc('\\', out);
		putc(*p, out);
	}
	fprintf(out, "%s%.*s", pad, (int)fence, fences);
	fclose(out);
	return code;
}

char *markdown_code(const char *text, size_t max_columns)
{
	return code_span(text, max_columns, false);
}

char *markdown_cell(const char *text, size_t max_columns)
{
	return code_span(text, max_columns, true);
}

char *markdown_text(const char *text, size_t max_columns)
{
	_cleanup_free_ char *safe = view_escape_terminal(text, max_columns);
	size_t size;
	char *escaped = NULL;
	FILE *out = open_memstream(&escaped, &size);

	if (!out)
		return xstrdup("?");
	for (const char *p = safe; *p; p++) {
		if (strchr("\\`*_{}[]()<>#+-!|~$&^=", *p))
			putc('\\', out);
		putc(*p, out);
		/* What follows these would make a mention, an issue, an emoji or a link of it. */
		if (strchr("@#!:~%$&", *p) && (isalnum((unsigned char)p[1]) || p[1] == '/'))
			fputs(BREAK, out);
		if ((p == safe || !isalnum((unsigned char)p[-1])) && strncasecmp(p, "www.", 4) == 0)
			fputs(BREAK, out);
	}
	fclose(out);
	return escaped;
}
