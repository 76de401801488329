/* The plan: command lines of tests that a runner will start. A process that executes one of them becomes a span. */
#pragma once

#include "spans/span.h"

struct record_exec;
struct spans;
struct span_plan;

#define SPAN_PLANS_MAX    20000
#define SPAN_PLAN_BUCKETS 4096

/* Adds a message SPAN_PLAN, which is valid for the descendants of its sender. */
void span_plan_add(struct model *model, const struct span_message *message);
void span_plans_free(struct spans *spans);

/* Begins a span if the process has none and its command line is in the plan. */
void span_plan_executed(struct model *model, const struct record_exec *record);
enum span_outcome span_plan_outcome(const struct span_plan *plan, int exit_signal, int exit_code);
