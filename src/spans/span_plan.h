/* The plan: command lines of tests that a runner will start. A process that executes one of them becomes a span. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "catalog/words.h"
#include "spans/lineage.h"
#include "spans/span_message.h"

struct record_exec;
struct span_plan;

#define SPAN_PLANS_MAX    20000
#define SPAN_PLAN_BUCKETS 4096

struct span_plans {
	struct span_plan *by_arguments[SPAN_PLAN_BUCKETS];
	size_t count;
};

/* Adds a message SPAN_PLAN, which is valid for the descendants of its sender. Returns false if the table is full. */
bool span_plan_add(struct span_plans *plans, struct lineage_table *table,
		   const struct span_message *message);
void span_plans_free(struct span_plans *plans, struct lineage_table *table);

/*
 * Finds the test that a process executes; NULL if its command line is not in the plan. *ret_message begins the test's span: it
 * is valid as long as the plans and *ret_name, which the caller frees.
 */
const struct span_plan *span_plan_find(struct span_plans *plans, struct lineage_table *table,
				       struct lineage *process, const struct record_exec *record,
				       struct span_message *ret_message, char **ret_name);
enum span_outcome span_plan_outcome(const struct span_plan *plan, int exit_signal, int exit_code);
