/* Build the report from the model and the facts of a run */
#pragma once

#include <stdbool.h>

#include "answer/verdict.h"
#include "catalog/report.h"
#include "model/facts.h"
#include "model/model.h"

struct report_source {
	const struct model *model;
	const struct run_facts *facts;
	const struct verdict *verdict;
	bool complete; /* false: a checkpoint, the command still runs */
	int exit_status; /* what latwrap exits with; ignored in a checkpoint */
};

/* Never NULL; the caller ends it with report_free(). Nothing in it points into the source. */
struct report *report_build(const struct report_source *source);
