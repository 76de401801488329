/* Hostile text in Markdown: code spans for names, escaped sentences */
#pragma once

#include <stddef.h>

/*
 * A name as a code span: in it nothing is markup, a link, a mention, an issue or an emoji. Control
 * characters and "##" as on a terminal. As view_style's escape; the caller frees the result.
 */
char *markdown_code(const char *text, size_t max_columns);

/* The same for a cell of a table, where "\|" is "|"; elsewhere the backslash would show. */
char *markdown_cell(const char *text, size_t max_columns);

/* A sentence as plain text: its punctuation cannot become markup, nor its words a mention or link. */
char *markdown_text(const char *text, size_t max_columns);
