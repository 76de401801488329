/* Escapes hostile text for Markdown: code spans for names, escaped sentences */
#pragma once

#include <stddef.h>

/*
 * Returns the name as a code span: nothing in it is markup, a link, a mention, an issue or an
 * emoji. Shows control characters and "##" as the text view does. Usable as escape of a view_style;
 * the caller frees the result.
 */
char *markdown_code(const char *text, size_t max_columns);

/* The same for a cell of a table, where "\|" is "|"; elsewhere the backslash would show. */
char *markdown_cell(const char *text, size_t max_columns);

/*
 * Returns a sentence as plain text: its punctuation cannot become markup, its words no mention or
 * link.
 */
char *markdown_text(const char *text, size_t max_columns);
