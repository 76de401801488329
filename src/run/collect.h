/* Collect what tracing knows about itself (programs, losses, cost) as facts for the report */
#pragma once

#include "model/facts.h"
#include "model/model.h"
#include "trace/trace.h"

/* Updates the file and call tables of the model, and the losses in facts; may be repeated. */
void collect_tables(struct trace *trace, struct model *model, struct trace_facts *facts);

/* Sets the CPU time that latwrap itself has used so far. */
void collect_overhead(struct trace_facts *facts);

/* Adds a sentence for the reader: what this run did not measure, and why. */
void collect_limit(struct trace_facts *facts, const char *sentence);

/* Requests the totals of living threads; they reach the model as records of trace. */
void collect_snapshot(struct trace *trace, struct trace_facts *facts);

/*
 * Fills in programs, status and limits; call it once. If trace is NULL, nothing was traced, and
 * problem says why.
 */
void collect_status(struct trace *trace, const struct trace_problem *problem,
		    struct trace_facts *facts);
