/* What latwrap shake found, as an HTML page that loads nothing */
#include "shake/shake_html.h"

#include "shake/shake_words.h"
#include "views/html/html_text.h"

#define TESTS_MAX 5000

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	"style-src 'unsafe-inline'\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n<title>latwrap shake</title>\n"
	"<style>:root{color-scheme:light dark}body{font:15px system-ui,sans-serif;margin:2em}"
	"td,th{text-align:left;padding:.2em 1em .2em 0}.fails{font-weight:bold}</style>\n"
	"</head>\n<body>\n";

static void put_row(const struct shake *shake, const struct shake_test *test, FILE *out)
{
	_cleanup_free_ char *sentence = shake_sentence(shake, test);
	_cleanup_free_ char *name = shake_name(test, html_escape);
	char place[SHAKE_PLACE_BYTES];

	fprintf(out, "<tr%s><td>%s</td><td>%s</td><td>%s</td></tr>\n",
		test->status.value == SHAKE_FAILS ? " class=\"fails\"" : "", sentence,
		shake_place(test, place), name);
}

void shake_print_html(const struct shake *shake, FILE *out)
{
	_cleanup_free_ char *headline = shake_headline(shake), *effort = shake_effort(shake);
	_cleanup_free_ char *safe = html_escape(headline, 0);
	size_t shown = MIN(shake->tests.count, (size_t)TESTS_MAX);

	fprintf(out, "%s<h1>latwrap shake: %s</h1>\n<p>%s</p>\n", head, safe, effort);
	for (size_t i = 0; i < shake->notes.count; i++) {
		_cleanup_free_ char *note = html_escape(shake->notes.list[i], 0);

		fprintf(out, "<p>%s</p>\n", note);
	}
	fputs("<table>\n<tr><th>margin</th><th>at</th><th>test</th></tr>\n", out);
	for (size_t i = 0; i < shown; i++)
		put_row(shake, &shake->tests.list[i], out);
	fputs("</table>\n", out);
	if (shown < shake->tests.count)
		fprintf(out, "<p>%zu more tests are in the report.</p>\n",
			shake->tests.count - shown);
	fputs("</body>\n</html>\n", out);
}
