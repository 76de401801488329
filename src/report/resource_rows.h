/* What the machine and the cgroups did over a run, as JSON: pressure, limits, the timeline */
#pragma once

#include <cjson/cJSON.h>

#include "model/facts.h"

/* Each adds one member to the report: "pressure", with what throttled the run, and "timeline". */
void resource_rows_add_pressure(cJSON *report, const struct run_facts *facts);
void resource_rows_add_timeline(cJSON *report, const struct run_facts *facts);
