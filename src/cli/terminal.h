/* What standard output and error can show: colour, and the width of a line */
#pragma once

#include <stdbool.h>

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER, COLORS };
extern const char *const color_words[COLORS];

/*
 * Returns whether to use colour on fd. COLOR_AUTO: on a terminal, unless TERM=dumb or NO_COLOR is
 * set and not empty (no-color.org).
 */
bool terminal_color(enum color when, int fd);

/* Returns the number of columns of the terminal fd; 0 if fd is not a terminal. */
unsigned int terminal_width(int fd);

#define COLOR_OPTION(type, member)                                                             \
	{                                                                                      \
		"color", .kind = OPTION_CHOICE, .initial = "auto", FIELD(type, member),        \
			 .words = color_words, .word_count = COLORS,                           \
			 .help = "color the text; auto: on a terminal, unless NO_COLOR is set" \
	}
