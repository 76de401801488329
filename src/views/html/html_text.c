/* Escapes hostile text for HTML */
#include "views/html/html_text.h"

#include "base/util.h"
#include "views/view.h"

char *html_escape(const char *text, size_t max_columns)
{
	_cleanup_free_ char *safe = view_escape_terminal(text, max_columns);
	char *out = xmalloc(strlen(safe) * strlen("&quot;") + 1), *to = out;

	for (const char *from = safe; *from; from++) {
		switch (*from) {
		case '&':
			to = stpcpy(to, "&amp;");
			break;
		case '<':
			to = stpcpy(to, "&lt;");
			break;
		case '>':
			to = stpcpy(to, "&gt;");
			break;
		case '"':
			to = stpcpy(to, "&quot;");
			break;
		case '\'':
			to = stpcpy(to, "&#39;");
			break;
		default:
			*to++ = *from;
		}
	}
	*to = '\0';
	return out;
}

char *html_name(const char *text, size_t max_columns)
{
	_cleanup_free_ char *safe = html_escape(text, max_columns);

	return xasprintf("<code>%s</code>", safe);
}
