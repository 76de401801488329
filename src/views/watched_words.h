/* What was watched beside a run (--also): its name, and in words whether it stood still */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "views/view.h"

/* As it was given; else its cgroup. As hostile as the report. */
const char *also_name(const struct report_watched *also);

/* Its stalls of all kinds. Returns whether they were measured. */
bool also_totals(const struct report *report, const struct report_watched *also,
		 struct view_stall_sum *ret);

/* "stood still 3 times, 420ms in all, longest 400ms", "did not stand still", "not measured". */
char *also_stalls(const struct report *report, const struct report_watched *also);

/* "NetworkManager.service, stood still once, 400ms". It begins with a name. */
char *also_line(const struct report *report, const struct report_watched *also,
		const struct view_style *style);

/* The longest of its stalls; NULL: none is listed. */
const struct report_stall *also_worst(const struct report_watched *also);
