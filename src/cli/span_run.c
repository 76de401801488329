/* Run a command as a span of the outer latwrap, which measures it */
#include "cli/span_run.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/util.h"
#include "runners/test_results.h"

#define NAME_BYTES 1024

void span_add_text(cJSON *message, const char *key, const char *text)
{
	_cleanup_free_ char *cut = text ? xstrndup(text, NAME_BYTES) : NULL;

	if (cut && *cut)
		cJSON_AddStringToObject(message, key, cut);
}

/* Adds an absolute path: the report is read in other directories. */
static void add_file(cJSON *message, const char *file)
{
	_cleanup_free_ char *here = NULL, *path = NULL;

	if (file && *file && *file != '/')
		here = get_current_dir_name();
	while (startswith(file ? file : "", "./"))
		file += 2;
	path = here ? xasprintf("%s/%s", here, file) : NULL;
	span_add_text(message, "file", path ? path : file);
}

cJSON *span_begin_message(const struct span_label *label, const char *id)
{
	cJSON *message = span_client_message("begin", id);

	cJSON_AddNumberToObject(message, "time_ns", (double)now_ns(CLOCK_MONOTONIC));
	span_add_text(message, "name", *label->name ? label->name : "?");
	span_add_text(message, "runner", label->runner ? label->runner : "span");
	add_file(message, label->file);
	span_add_text(message, "worker", label->worker);
	span_add_text(message, "parent", label->parent ? label->parent : getenv("LATWRAP_SPAN"));
	if (label->line)
		cJSON_AddNumberToObject(message, "line", (double)label->line);
	/* Leave out the first attempt, the usual case. */
	if (label->attempt > 1)
		cJSON_AddNumberToObject(message, "attempt", (double)label->attempt);
	return message;
}

cJSON *span_end_message(const char *id, const struct nested_result *result,
			enum span_outcome outcome)
{
	cJSON *message = span_client_message("end", id);

	cJSON_AddNumberToObject(message, "time_ns", (double)now_ns(CLOCK_MONOTONIC));
	cJSON_AddNumberToObject(message, "cpu_time_ns", (double)result->cpu_time_ns);
	span_add_text(message, "outcome", span_outcome_names[outcome]);
	return message;
}

static enum span_outcome outcome_of(const struct span_rules *rules,
				    const struct nested_result *result)
{
	if (rules->group)
		return SPAN_NO_OUTCOME;
	if (rules->trs_file && result->started && result->status == 0)
		return trs_outcome(rules->trs_file);
	if (!result->started || result->signal || result->status == rules->error_code)
		return SPAN_ERROR;
	if (result->status == 0)
		return SPAN_PASSED;
	return result->status == rules->skip_code ? SPAN_SKIPPED : SPAN_FAILED;
}

int span_run(const struct span_label *label, const struct span_rules *rules,
	     struct nested_options *nested, struct span_client *client)
{
	_cleanup_free_ char *id = span_client_new_id();
	struct nested_result result;

	nested->id = id;
	span_client_send(client, span_begin_message(label, id));
	nested_run(nested, &result);
	span_client_send(client, span_end_message(id, &result, outcome_of(rules, &result)));
	return result.status;
}
