/* Prints reports as one HTML page that loads nothing: no network, no other file */
#include "views/html/html.h"

#include "report/html_parts.h"
#include "views/html/html_payload.h"
#include "views/html/html_static.h"
#include "views/html/html_text.h"

#define CLOSING_BYTES 1024 /* the bytes after the payload, except the script */

/*
 * Makes the page safe to open, whoever wrote the report: it loads nothing, sends nothing, and runs
 * no script except the one with this hash, even if another script got into the page.
 */
#define POLICY                                                              \
	"default-src 'none'; script-src '" HTML_SCRIPT_HASH "'; "           \
	"style-src '" HTML_STYLE_HASH "'; img-src data:; base-uri 'none'; " \
	"form-action 'none'; require-trusted-types-for 'script'"

static void print_head(const struct named_reports *reports, FILE *out)
{
	const struct report *report = reports->list[0].report;
	_cleanup_free_ char *title = NULL, *status = NULL, *command = NULL;
	struct view_style style = {.escape = html_escape, .name_columns = 32, .path_columns = 80};

	status = html_escape(report->verdict.status.text, 20);
	command = view_command(report, &style, 80);
	title = reports->count > 1 ? xasprintf("latwrap: %zu runs", reports->count)
				   : xasprintf("latwrap: %s: %s", status, command);
	fprintf(out,
		"<!DOCTYPE html>\n"
		"<html lang=\"en\">\n"
		"<head>\n"
		"<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n"
		"<meta name=\"referrer\" content=\"no-referrer\">\n"
		"<meta name=\"generator\" content=\"latwrap %s\">\n"
		"<link rel=\"icon\" href=\"data:,\">\n"
		"<title>%s</title>\n"
		"<style>",
		POLICY, LATWRAP_VERSION, title);
	fwrite(html_style, 1, sizeof(html_style), out);
	fputs("</style>\n</head>\n<body>\n", out);
}

void html_print(const struct named_reports *reports, FILE *out)
{
	char *page = NULL;
	size_t size = 0, room;
	FILE *memory = open_memstream(&page, &size);
	bool packed;

	if (!memory)
		return;
	print_head(reports, memory);
	html_print_static(reports, memory);
	fclose(memory);
	fwrite(page, 1, size, out);
	free(page);

	/* The base64 of gzip data has no character with a meaning in HTML. */
	room = HTML_BYTES_MAX - CLOSING_BYTES - sizeof(html_script);
	room = size < room ? room - size : 0;
	fputs("<script type=\"application/gzip\" id=\"data\">", out);
	packed = html_payload_print(reports, out, room);
	fputs("</script>\n", out);
	if (!packed)
		fputs("<p>The reports are too large for this page.</p>\n", out);
	fputs("<script>", out);
	fwrite(html_script, 1, sizeof(html_script), out);
	fputs("</script>\n</body>\n</html>\n", out);
}
