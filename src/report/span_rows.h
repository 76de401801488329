/* The spans of a report: one row each, and the count of tests by outcome and answer. */
#pragma once

#include "answer/answer.h"
#include "base/arena.h"
#include "catalog/report.h"
#include "spans/span.h"

struct model;
struct stall;

/* All times become offsets from the start of the run. */
struct report_span *rows_spans(struct arena *memory, const struct answers *answers,
			       size_t *ret_count);
struct report_test_counts span_rows_counts(const struct span_counts *counts,
					   const struct answers *answers);
/* Spans that have no row. */
uint64_t span_rows_dropped(const struct model *model);
/* "span", "span_id" and "span_phase" of a stall's row */
void span_rows_owner(struct arena *memory, const struct stall *stall, struct report_stall *row);
