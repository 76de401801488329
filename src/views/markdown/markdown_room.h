/* Markdown with a limit to its size: pieces and tables that are printed as long as they have room */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "views/named.h"

/* GitHub takes a summary of 1 MiB and shows nothing of a longer one. */
#define MARKDOWN_BYTES_MAX (900u << 10)

struct markdown {
	const struct named_reports *reports;
	FILE *out;
	size_t limit_bytes; /* how far the current section may go */
	size_t used_bytes;
	struct view_style cell; /* in tables */
	struct view_style prose; /* elsewhere */
	bool several;
};

/* From here on as many bytes may be printed, within MARKDOWN_BYTES_MAX in all. */
void markdown_allow(struct markdown *md, size_t bytes);

/* A piece is built in memory, then printed if there is room for it. */
struct piece {
	char *text;
	size_t size;
	FILE *out;
};

FILE *markdown_begin(struct piece *piece);
/* Frees it. Returns whether it had room. */
bool markdown_finish(struct markdown *md, struct piece *piece);

/* Prints all of it, or nothing and returns false. */
bool markdown_put(struct markdown *md, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * A table of rows that are printed as long as there is room: the first ROWS_OPEN in the open, the
 * rest folded. print_row() prints the cells, without the last "|".
 */
struct table {
	const char *head; /* "| When | How long |\n| --- | ---: |\n" */
	const char *what; /* "stalls" */
	size_t rows; /* that could be shown */
	size_t rows_max; /* that the reader wants */
	size_t rows_total; /* that there were in the run: what dropped, too */
	void (*print_row)(struct markdown *md, const void *userdata, size_t row, FILE *out);
	const void *userdata;
};

void markdown_put_table(struct markdown *md, const struct table *table);
