/* What standard output and error can show: colour, and how wide a line is */
#pragma once

#include <stdbool.h>

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER, COLORS };
extern const char *const color_words[COLORS];

/*
 * Whether to colour what goes to fd. COLOR_AUTO is yes on a terminal that is not TERM=dumb, unless NO_COLOR is set
 * and not empty (no-color.org).
 */
bool terminal_color(enum color when, int fd);

/* The columns of the terminal fd; 0 if it is none. */
unsigned int terminal_width(int fd);

#define COLOR_OPTION(type, member)                                                             \
	{                                                                                      \
		"color", .kind = OPTION_CHOICE, .initial = "auto", FIELD(type, member),        \
			 .words = color_words, .word_count = COLORS,                           \
			 .help = "color the text; auto: on a terminal, unless NO_COLOR is set" \
	}
