/* What CSV and NDJSON say about the run in front of each of its stalls, beside catalog/fields.h */
#pragma once

#include "views/named.h"

/* Before the run's columns stands "report", the name; after them, from the functions below: */
#define COLUMN_COMMAND "run_command" /* quoted for a shell, in one string */
#define COLUMN_TIME    "started_at" /* the wall time at which the stall began */
#define COLUMN_WATCHED "watched" /* empty: the run itself; else what --also named */

/* The command as one string, of any bytes, or NULL. The caller frees it. */
char *run_command_line(const struct report *report);
