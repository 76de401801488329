/* latwrap report of what latwrap shake found */
#include "cli/shake_report.h"

#include <errno.h>

#include "base/log.h"
#include "cli/output.h"
#include "shake/shake_file.h"
#include "shake/shake_html.h"
#include "shake/shake_junit.h"
#include "shake/shake_words.h"

struct request {
	const struct shake *shake;
	enum view view;
	bool color;
};

static int print(FILE *out, void *userdata)
{
	const struct request *request = userdata;

	if (request->view == VIEW_MARKDOWN)
		shake_print_markdown(request->shake, out);
	else if (request->view == VIEW_HTML)
		shake_print_html(request->shake, out);
	else if (request->view == VIEW_JUNIT)
		shake_print_junit(request->shake, out);
	else
		shake_print_text(request->shake, request->color, NULL, out);
	return 0;
}

int shake_report(const char *path, enum view view, enum color color, const char *output)
{
	_cleanup_(shake_freep) struct shake *shake = NULL;
	struct request request = {.view = view, .color = terminal_color(color, output_fd(output))};
	int r;

	if (view != VIEW_TEXT && view != VIEW_MARKDOWN && view != VIEW_HTML && view != VIEW_JUNIT) {
		log_error("%s: latwrap shake wrote it, and --format=%s is for runs: use text, "
			  "markdown, html or junit",
			  path, view_formats[view].name);
		return -EINVAL;
	}
	r = shake_load(path, &shake);
	request.shake = shake;
	return r < 0 ? r : output_write(output, print, &request);
}
