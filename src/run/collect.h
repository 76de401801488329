/* What the tracing says about itself at the end of a run, as facts for the report. */
#pragma once

#include "model/facts.h"
#include "model/model.h"
#include "trace/trace.h"

/* Brings the model's file and call tables and the facts' losses up to date; may be repeated. */
void collect_tables(struct trace *trace, struct model *model, struct trace_facts *facts);

/* What latwrap itself has cost until now. */
void collect_overhead(struct trace_facts *facts);

/* The totals of threads that are alive, into the model by way of trace's records. */
void collect_snapshot(struct trace *trace, struct trace_facts *facts);

/* Programs, status and limits; once. trace NULL: nothing could be traced, and problem says why. */
void collect_status(struct trace *trace, const struct trace_problem *problem,
		    struct trace_facts *facts);
