/* Print the help of latwrap and of its commands (--help) */
#include "cli/help.h"

#include <stdlib.h>

#include "base/util.h"

#define WIDTH       80
#define NAME_COLUMN 28 /* column of the help text of an option */

static const char *const value_names[] = {
	[OPTION_NUMBER] = "N",  [OPTION_DURATION] = "DURATION", [OPTION_TEXT] = "TEXT",
	[OPTION_FILE] = "FILE", [OPTION_USER] = "USER",
};

/*
 * Wraps text, which starts at column, into lines that start at indent. A tab stands for a
 * non-breaking space.
 */
static void print_wrapped(const char *text, size_t column, size_t indent, FILE *out)
{
	for (bool first = true; *text; first = false) {
		size_t length = strcspn(text, " ");

		if (!first && column + 1 + length > WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			putc(' ', out);
			column++;
		}
		column += length;
		for (; length; length--, text++)
			putc(*text == '\t' ? ' ' : *text, out);
		text += strspn(text, " ");
	}
	putc('\n', out);
}

char *help_value(const struct option_spec *spec)
{
	char *list;

	if (spec->value)
		return xstrdup(spec->value);
	if (spec->kind != OPTION_CHOICE)
		return xstrdup(value_names[spec->kind]);
	list = xstrdup(option_word(spec, 0));
	for (size_t i = 1; i < spec->word_count; i++) {
		char *longer = xasprintf("%s|%s", list, option_word(spec, i));

		free(list);
		list = longer;
	}
	return list;
}

static void print_option(const struct option_spec *spec, FILE *out)
{
	_cleanup_free_ char *value = option_takes_value(spec) ? help_value(spec) : NULL;
	_cleanup_free_ char *text = NULL;
	int column = fprintf(out, spec->letter ? "  -%c, " : "      ", spec->letter);

	column += fprintf(out, "--%s%s%s", spec->name, value ? "=" : "", value ? value : "");
	if (column + 2 > NAME_COLUMN)
		column = fprintf(out, "\n") - 1;
	fprintf(out, "%*s", NAME_COLUMN - column, "");
	text = xasprintf("%s%s%s%s%s", spec->help, spec->repeats ? " (may be repeated)" : "",
			 spec->initial ? " (default:\t" : "", spec->initial ? spec->initial : "",
			 spec->initial ? ")" : "");
	print_wrapped(text, NAME_COLUMN, NAME_COLUMN, out);
}

/* Prints the words of an option that have help texts. */
static void print_words(const struct option_spec *spec, FILE *out)
{
	fprintf(out, "\nFor --%s:\n", spec->name);
	for (size_t i = 0; i < spec->word_count; i++)
		fprintf(out, "  %-12s %s\n", option_word(spec, i), option_word_help(spec, i));
}

/* Prints the lines of command->usage. Returns the indent for the next command. */
static const char *print_usage(const struct cli_command *command, const char *indent, FILE *out)
{
	for (const char *line = command->usage; *line; line += strspn(line, "\n")) {
		size_t length = strcspn(line, "\n");

		fprintf(out, "%slatwrap %.*s\n", indent, (int)length, line);
		indent = "       ";
		line += length;
	}
	return indent;
}

void help_print(const struct cli_command *command, const struct cli_command *const *all, FILE *out)
{
	const char *indent = print_usage(command, "Usage: ", out);

	for (size_t i = 1; command == all[0] && all[i]; i++)
		indent = print_usage(all[i], indent, out);
	putc('\n', out);
	print_wrapped(command->about, 0, 0, out);
	if (!command->options->heading)
		putc('\n', out);
	for (const struct option_spec *spec = command->options; spec->name; spec++) {
		if (spec->heading)
			fprintf(out, "\n%s:\n", spec->heading);
		print_option(spec, out);
	}
	for (const struct option_spec *spec = command->options; spec->name; spec++)
		if (spec->word_stride)
			print_words(spec, out);
	putc('\n', out);
	print_wrapped(command->notes, 0, 0, out);
}
