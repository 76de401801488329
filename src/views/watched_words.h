/* What was watched beside a run (--also): its name, and in words whether it stood still */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "views/view.h"

/* As it was given; else its cgroup. As hostile as the report. */
const char *also_name(const cJSON *also);

/* Its stalls of all kinds. Returns whether they were measured. */
struct also_totals {
	uint64_t count, total_ns, max_ns;
};
bool also_totals(const cJSON *report, const cJSON *also, struct also_totals *ret);

/* "stood still 3 times, 420ms in all, longest 400ms", "did not stand still", "not measured". */
char *also_stalls(const cJSON *report, const cJSON *also);

/* "NetworkManager.service, stood still once, 400ms". It begins with a name. */
char *also_line(const cJSON *report, const cJSON *also, const struct view_style *style);

/* The longest of its stalls; NULL: none is listed. */
const cJSON *also_worst(const cJSON *also);
