/* Escapes hostile text for Markdown: code spans for names, escaped sentences */
#include "views/markdown/markdown_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/util.h"
#include "views/view.h"

/*
 * An invisible character that breaks patterns which sites search for in text: "@name", "#1", "://"
 */
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
	/*
	 * Markdown removes one blank at each end. Without these blanks, a backtick of the name
	 * would become part of the fence, and an empty name would not be code.
	 */
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

/* At its beginning these would make the line a list, a rule or a heading. */
static bool begins_block(const char *text, const char *p)
{
	size_t digits = strspn(text, "0123456789");

	return (p == text && strchr("-+=", *p)) ||
	       (digits > 0 && p == text + digits && strchr(".)", *p));
}

/*
 * GitHub and GitLab make links of these, whatever Markdown says. Nothing else gets a BREAK, because
 * readers copy commands.
 */
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
	/* Four blanks would make the line code. */
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
