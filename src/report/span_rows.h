/* The spans of a report: one row each, and the count of tests by outcome and answer. */
#pragma once

#include <cjson/cJSON.h>

#include "model/facts.h"
#include "model/model.h"

/* All times become offsets from facts->start_ns. */
void rows_spans(cJSON *report, const struct model *model, const struct run_facts *facts);
/* "tests" of the report's verdict, which is there already */
void spans_add_counts(cJSON *report, const struct model *model, const struct run_facts *facts);
/* A row for each kind of message or span that could not be recorded. */
void spans_add_losses(cJSON *array, const struct model *model, const struct run_facts *facts);
void spans_add_dropped(cJSON *dropped, const struct model *model);
/* "span", "span_id" and "span_phase" of a stall's row */
void spans_add_owner(cJSON *row, const struct stall *stall);
