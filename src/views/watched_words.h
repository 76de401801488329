/* Say in words which other cgroups are watched (--also) or included (--include), and what was found */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "views/view.h"

/* Its name as the user gave it, else its cgroup; as hostile as the report */
const char *watched_name(const struct report_watched *watched);

/* Sums its stalls of all kinds. Returns whether they were measured. */
bool watched_totals(const struct report *report, const struct report_watched *watched,
		    struct view_stall_sum *ret);

/* "stalled 3 times, 420ms in all, longest 400ms", "did not stall", "not measured". */
char *watched_stalls(const struct report *report, const struct report_watched *watched);

/* "NetworkManager.service, stalled once, 400ms". It begins with a name. */
char *watched_line(const struct report *report, const struct report_watched *watched,
		   const struct view_style *style);

/* "system.slice/docker-*.scope, 3 cgroups". It begins with a name. */
char *included_line(const struct report_included *included, const struct view_style *style);

/* The longest of its stalls; NULL: the report lists none. */
const struct report_stall *watched_worst(const struct report_watched *watched);
