/* One report in Markdown: how the command ended, the causes of its stalls, the machine, what is missing */
#pragma once

#include "views/markdown/markdown_room.h"

/* "clean", "stalled", "unmeasured" or "no verdict", and a sign for it. */
const char *markdown_status_word(const cJSON *report);
const char *markdown_status_icon(const char *status);

/* A list: the command and its end, the gates, the verdict's reasons. */
void markdown_put_run(struct markdown *md, const cJSON *report);

/* All the rest. Returns false when there is no room for it. */
bool markdown_put_details(struct markdown *md, const struct named_report *of);
