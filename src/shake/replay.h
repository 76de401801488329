/* The stalls of the failed tests of a report, as disturbances that put them where they were */
#pragma once

#include "catalog/report.h"
#include "shake/search.h"

/*
 * Makes search replay the stalls of each failed test (DISTURB_FILES: its slow file operations), or those
 * of the command if it failed and no test was named. Overlapping stalls become one; of more than DISTURB_STEPS_MAX, the longest stay. Returns
 * how many tests have stalls.
 */
size_t replay_plan(const struct report *report, enum disturbance disturbance,
		   struct search *search);
