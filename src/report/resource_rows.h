/* Rows about the machine and the cgroups during a run: pressure, limits, the timeline */
#pragma once

#include "base/arena.h"
#include "catalog/report.h"
#include "model/facts.h"

struct report_pressure resource_rows_pressure(struct arena *memory, const struct run_facts *facts);
struct report_timeline resource_rows_timeline(struct arena *memory, const struct run_facts *facts);
