/* What was watched beside a run (--also): its name, and in words whether it stood still */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "views/view.h"

/* Its name as the user gave it, else its cgroup; as hostile as the report */
const char *also_name(const struct report_watched *also);

/* Sums its stalls of all kinds. Returns whether they were measured. */
bool also_totals(const struct report *report, const struct report_watched *also,
		 struct view_stall_sum *ret);

/* "stood still 3 times, 420ms in all, longest 400ms", "did not stand still", "not measured". */
char *also_stalls(const struct report *report, const struct report_watched *also);

/* "NetworkManager.service, stood still once, 400ms". It begins with a name. */
char *also_line(const struct report *report, const struct report_watched *also,
		const struct view_style *style);

/* The longest of its stalls; NULL: the report lists none. */
const struct report_stall *also_worst(const struct report_watched *also);
