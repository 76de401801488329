/* Hostile text in HTML */
#pragma once

#include <stddef.h>

/* For an element's content or a quoted attribute. Control and bidirectional characters as on a
 * terminal. The caller frees the result. */
char *html_escape(const char *text, size_t max_columns);

/* The same as a <code> element: a name in a sentence. As view_style's escape. */
char *html_name(const char *text, size_t max_columns);
