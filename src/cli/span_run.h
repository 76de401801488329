/* Run a command as a span of the outer latwrap, which measures it */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "spans/span_message.h"
#include "run/nested.h"
#include "runners/span_client.h"

/* Facts about a span for the report; NULL and 0 mean unknown. */
struct span_label {
	const char *name, *parent, *file, *runner, *worker;
	uint64_t line, attempt;
};

/* How the exit of a command gives the outcome of a test */
struct span_rules {
	bool group; /* not a test: no outcome */
	const char *trs_file; /* file where the driver of automake writes the outcome; NULL: none */
	int skip_code, error_code; /* -1: none */
};

/* Make the messages of docs/spans.md. The default parent is $LATWRAP_SPAN. */
cJSON *span_begin_message(const struct span_label *label, const char *id);
/* outcome is SPAN_NO_OUTCOME for a span that is not a test. */
cJSON *span_end_message(const char *id, const struct nested_result *result,
			enum span_outcome outcome);

/* Adds text, truncated if it is too long, unless it is NULL or empty. */
void span_add_text(cJSON *message, const char *key, const char *text);

/* Returns the exit status of the command. */
int span_run(const struct span_label *label, const struct span_rules *rules,
	     struct nested_options *nested, struct span_client *client);
