/* One report in Markdown: how the command ended, the causes of its stalls, the machine, what is missing */
#pragma once

#include "catalog/words.h"
#include "views/markdown/markdown_room.h"

/* A sign for it. */
const char *markdown_status_icon(enum verdict_status status);

/* A list: the command and its end, the gates, the verdict's reasons. */
void markdown_put_run(struct markdown *md, const struct report *report);

/* All the rest. Returns false when there is no room for it. */
bool markdown_put_details(struct markdown *md, const struct named_report *of);
