/* Tests that a runner will start, by their command lines: a process that executes one of these becomes a span. */
#pragma once

#include "spans/span.h"

struct record_exec;
struct spans;
struct span_plan;

#define SPAN_PLANS_MAX    20000
#define SPAN_PLAN_BUCKETS 4096

/* From a message SPAN_PLAN; holds for what descends from its sender. */
void span_plan_add(struct model *model, const struct span_message *message);
void span_plans_free(struct spans *spans);

/* Begins a span, if the process has none and its command line is one of a plan. */
void span_plan_executed(struct model *model, const struct record_exec *record);
enum span_outcome span_plan_outcome(const struct span_plan *plan, int exit_signal, int exit_code);
