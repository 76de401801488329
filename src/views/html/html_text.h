/* Escapes hostile text for HTML */
#pragma once

#include <stddef.h>

/*
 * Escapes text for the content of an element or a quoted attribute. Shows control and bidirectional
 * characters as the text view does. The caller frees the result.
 */
char *html_escape(const char *text, size_t max_columns);

/* The same as a <code> element, for a name in a sentence; usable as escape of a view_style */
char *html_name(const char *text, size_t max_columns);
