/* Selects the spans that a report shows, and computes their phases and counts. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "spans/passed.h"
#include "spans/span.h"

struct model;

/*
 * The spans for the report, in order of their begin: within limits, those that failed and those with the most stalls, with
 * all that enclose them or that a kept stall names. The caller frees the array only.
 */
struct span **model_spans(const struct model *model, size_t *ret_count);
uint64_t model_spans_begun(const struct model *model); /* all, kept or not */
void model_span_counts(const struct model *model, struct span_counts *ret);
/* The phase of the span at time_ns; NULL: none. */
const char *span_phase_at(const struct span *span, uint64_t time_ns);
/* All tests that passed and have an account, those in memory and a sample of the others. The caller frees the list. */
struct passed_test *model_passed(const struct model *model, size_t *ret_count);
