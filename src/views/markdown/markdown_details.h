/* Prints one report in Markdown: the end of the command, causes, machine, losses */
#pragma once

#include "catalog/words.h"
#include "views/markdown/markdown_room.h"

/* An emoji for the status */
const char *markdown_status_icon(enum verdict_status status);

/* Prints a list: the command and how it ended, the gates, the reasons of the verdict. */
void markdown_put_run(struct markdown *md, const struct report *report);

/* Prints the remaining sections. Returns false if they do not fit. */
bool markdown_put_details(struct markdown *md, const struct named_report *of);
