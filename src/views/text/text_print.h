/* Prints the parts of the text view: colours, sentences, lists */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "views/named.h"

#define TEXT_STALLS_DEFAULT 5
#define TEXT_WIDTH_DEFAULT  100

struct text_options {
	bool color;
	unsigned int width; /* columns that names are shortened to; 0: the default */
	bool brief; /* one line for a run that ended well */
	unsigned int max_stalls; /* how many of the worst are listed */
	const char *report_path; /* where the report is, for the last line; NULL: no such line */
};

#define TEXT_LIST_MAX 4 /* gates, losses, limits */

enum text_color {
	PLAIN,
	BOLD,
	DIM,
	GREEN,
	YELLOW,
	RED,
	MAGENTA,
};

struct text {
	const struct named_reports *reports;
	const struct report *report; /* the report if there is only one, else NULL */
	FILE *out;
	const struct text_options *options;
	unsigned int width;
	struct view_style style;
};

void text_open(struct text *t, const struct named_reports *reports, FILE *out,
	       const struct text_options *options);

void __attribute__((format(printf, 3, 4)))
text_painted(const struct text *t, enum text_color color, const char *fmt, ...);

#define text_painted_line(t, color, ...)                 \
	do {                                             \
		text_painted((t), (color), __VA_ARGS__); \
		putc('\n', (t)->out);                    \
	} while (0)

/*
 * Prints "LEAD: SENTENCE". Does not break the sentence into lines: its words are not ours, and at
 * the start of a line, even if indented, some CI systems take them for commands ("::error::").
 */
void text_sentence(const struct text *t, enum text_color color, const char *lead,
		   const char *sentence);

/* Prints a sentence for each string in list, at most TEXT_LIST_MAX. */
void text_list(const struct text *t, enum text_color color, const char *lead,
	       const struct texts *list);

/* "s" unless n is 1. */
const char *text_plural(uint64_t n);
