/* Run latwrap inside an outer run: its command becomes a span of the outer run */
#include "cli/inner_run.h"

#include <stdio.h>

#include "base/quote.h"
#include "base/util.h"
#include "cli/span_run.h"

#define COMMAND_BYTES 200

bool is_inner_run(const struct run_options *options)
{
	return !options->report_asked_for && !options->measurement_asked_for &&
	       !options->gate_count && !options->watched_count && !options->include.count &&
	       !options->retry.limit && !options->log_path &&
	       options->session.runner == RUNNER_AUTO && span_client_is_inside();
}

/* Returns the command line, quoted for a shell, and truncated to fit a name. */
static char *command_line(char *const *argv)
{
	char *line = NULL;
	size_t size;
	FILE *out = open_memstream(&line, &size);

	for (char *const *word = argv; out && *word && ftell(out) < COMMAND_BYTES; word++) {
		if (word != argv)
			putc(' ', out);
		quote_for_shell(*word, out);
	}
	if (out)
		fclose(out);
	return line ? line : xstrdup("?");
}

int inner_run(const struct run_options *options)
{
	const struct session_options *session = &options->session;
	_cleanup_free_ char *name = command_line(session->argv);
	_cleanup_(span_client_close) struct span_client client;
	const struct span_label label = {.name = name, .runner = "latwrap"};
	const struct span_rules rules = {.skip_code = -1, .error_code = -1};
	struct nested_options nested = {
		.argv = session->argv,
		.user = session->user,
		.timeout_ns = session->timeout_ns,
		.kill_after_ns = session->kill_after_ns,
		.leftovers = session->leftovers,
	};

	span_client_open(&client);
	return span_run(&label, &rules, &nested, &client);
}
