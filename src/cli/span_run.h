/* Runs a command as a span of the latwrap around us, which measures it */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "spans/span_message.h"
#include "run/nested.h"
#include "runners/span_client.h"

/* What the report is to know of a span; NULL and 0: not known. */
struct span_label {
	const char *name, *parent, *file, *runner, *worker;
	uint64_t line, attempt;
};

/* How the end of a command tells the outcome of a test. */
struct span_rules {
	bool group; /* no test: it has no outcome */
	const char *trs_file; /* where automake's driver writes the outcome; NULL: nowhere */
	int skip_code, error_code; /* -1: none */
};

/* The messages of docs/spans.md. Without a parent, $LATWRAP_SPAN is the parent. */
cJSON *span_begin_message(const struct span_label *label, const char *id);
/* outcome: SPAN_NO_OUTCOME for a span that is no test. */
cJSON *span_end_message(const char *id, const struct nested_result *result,
			enum span_outcome outcome);

/* Adds text, cut if it is too long, unless it is NULL or empty. */
void span_add_text(cJSON *message, const char *key, const char *text);

/* Returns the exit status of the command. */
int span_run(const struct span_label *label, const struct span_rules *rules,
	     struct nested_options *nested, struct span_client *client);
