/* The report as JSON, from the tables and facts of a run. */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "model/facts.h"
#include "model/model.h"
#include "answer/verdict.h"

struct report_source {
	const struct model *model;
	const struct run_facts *facts;
	const struct verdict *verdict;
	bool complete; /* false: a checkpoint, the command still runs */
	int exit_status; /* what latwrap exits with; ignored in a checkpoint */
};

/* Never NULL; the caller ends it with cJSON_Delete(). Its shape is docs/report.schema.json. */
cJSON *report_build(const struct report_source *source);

/* What latwrap has used until now, in a report that is built: building it is a part of that. */
void report_note_cpu_time(cJSON *report, const struct trace_facts *trace);
