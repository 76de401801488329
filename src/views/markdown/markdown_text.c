/* Hostile text in Markdown: code spans for names, escaped sentences */
#include "views/markdown/markdown_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/util.h"
#include "views/view.h"

/* A blank of no width, which breaks what others look for in text: "@name", "#1", "://". */
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

/* Would make a list, a rule or a heading of the line, but only at its beginning. */
static bool begins_block(const char *text, const char *p)
{
	size_t digits = strspn(text, "0123456789");

	return (p == text && strchr("-+=", *p)) ||
	       (digits > 0 && p == text + digits && strchr(".)", *p));
}

/* GitHub and GitLab make links of these, whatever Markdown says; readers copy commands, so that
 * nothing else gets a BREAK. */
static bool begins_link(const char *text, const char *p)
{
	bool inside = p > text && isalnum((unsigned char)p[-1]);

	return (*p == '@' && isalnum((unsigned char)p[1])) ||
	       (*p == '#' && isdigit((unsigned char)p[1])) || (p[0] == ':' && p[1] == '/') ||
	       (!inside && strncasecmp(p, "www.", 4) == 0);
}

char *markdown_text(const char *text, size_t max_columns)
{
	_cleanup_free_ char *safe = view_escape_terminal(text, max_columns);
	/* Four blanks would make code of the line. */
	const char *start = safe + strspn(safe, " ");
	size_t size;
	char *escaped = NULL;
	FILE *out = open_memstream(&escaped, &size);

	if (!out)
		return xstrdup("?");
	for (const char *p = start; *p; p++) {
		if (strchr("\\`*_[]<>#|~$&!", *p) || begins_block(start, p))
			putc('\\', out);
		putc(*p, out);
		if (begins_link(start, p))
			fputs(BREAK, out);
	}
	fclose(out);
	return escaped;
}
