/* The columns about the run before each stall in CSV and NDJSON, besides those in catalog/fields.h */
#pragma once

#include "views/named.h"

/* "report", the name, comes before the columns of the run. These come after them: */
#define COLUMN_COMMAND "run_command" /* quoted for a shell, as one string */
#define COLUMN_TIME    "started_at" /* the wall time at which the stall began */
#define COLUMN_WATCHED "watched" /* empty: the run; else the name of the watched cgroup */

/* The command as one string of any bytes, or NULL. The caller frees it. */
char *run_command_line(const struct report *report);
