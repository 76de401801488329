/* Prints Markdown of a limited size: pieces and tables, as long as they fit */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "views/named.h"

/* GitHub accepts a summary of 1 MiB and shows nothing of a longer one. */
#define MARKDOWN_BYTES_MAX (900u << 10)

struct markdown {
	const struct named_reports *reports;
	FILE *out;
	size_t limit_bytes; /* the end of the current section */
	size_t used_bytes;
	struct view_style cell; /* in tables */
	struct view_style prose; /* outside tables */
	bool several;
};

/* From here on allows this many bytes, and at most MARKDOWN_BYTES_MAX in total. */
void markdown_allow(struct markdown *md, size_t bytes);

/* A piece is built in memory, then printed if it fits. */
struct piece {
	char *text;
	size_t size;
	FILE *out;
};

FILE *markdown_begin(struct piece *piece);
/* Frees the piece. Returns whether it fits. */
bool markdown_finish(struct markdown *md, struct piece *piece);

/* Prints the whole text; or, if it does not fit, nothing, and returns false. */
bool markdown_put(struct markdown *md, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * A table whose rows are printed as long as they fit: the first ROWS_OPEN visible, the rest folded.
 * print_row() prints the cells without the last "|".
 */
struct table {
	const char *head; /* "| When | How long |\n| --- | ---: |\n" */
	const char *what; /* "stalls" */
	size_t rows; /* in the report */
	size_t rows_max; /* that the caller wants */
	size_t rows_total; /* in the run, including dropped ones */
	void (*print_row)(struct markdown *md, const void *userdata, size_t row, FILE *out);
	const void *userdata;
};

void markdown_put_table(struct markdown *md, const struct table *table);
