/* latwrap --complete: list the possible continuations of a command line, for a shell */
#include "cli/complete.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"

static void print_value(const struct option_spec *spec)
{
	puts(spec && spec->kind == OPTION_FILE   ? "files"
	     : spec && spec->kind == OPTION_USER ? "users"
						 : "words");
	for (size_t i = 0; spec && spec->kind == OPTION_CHOICE && i < spec->word_count; i++) {
		const char *help = option_word_help(spec, i);

		printf("%s\t%s\n", option_word(spec, i), help ? help : "");
	}
}

static void print_options(const struct cli_command *command)
{
	puts("words");
	for (const struct option_spec *spec = command->options; spec->name; spec++) {
		if (spec->letter)
			printf("-%c\t%s\n", spec->letter, spec->help);
		printf("--%s%s\t%s\n", spec->name, option_takes_value(spec) ? "=" : "", spec->help);
	}
}

/* Returns the option in a word such as "--name=value"; NULL if there is none. */
static const struct option_spec *find_named(const struct cli_command *command, const char *word)
{
	const char *name = startswith(word, "--");
	size_t length = name ? strcspn(name, "=") : 0;

	for (const struct option_spec *spec = command->options; length && spec->name; spec++)
		if (strlen(spec->name) == length && memcmp(spec->name, name, length) == 0)
			return spec;
	return NULL;
}

/*
 * operands: the operands before the word to complete. position: number of the first operand, as in
 * "command N".
 */
static void print_operand(const struct cli_command *command, char *const *operands, int count,
			  int position)
{
	int skipped = command->operands == OPERANDS_NAMED_COMMAND;

	if (skipped && count > 1 && streq(operands[1], "--"))
		skipped++;
	if (command->operands == OPERANDS_FILES)
		puts("files");
	else if (command->operands == OPERANDS_NONE || count < skipped)
		puts("words");
	else
		printf("command %d\n", position + skipped);
}

void complete(const struct cli_command *const *commands, int argc, char **argv)
{
	const struct cli_command *named = argc > 2 ? command_find(commands, argv[1]) : NULL;
	const struct cli_command *command = named ? named : commands[0];
	const char *word = argc > 1 ? argv[argc - 1] : "";
	struct getopt_table table;
	int value, count, skipped = named != NULL;
	bool ended;

	/* getopt_long(3) starts after argv[0]. It must not see the last word. */
	argc = MAX(argc - 1 - skipped, 1);
	argv += skipped;
	options_for_getopt(command, &table);
	optind = 0;
	opterr = 0;
	while ((value = getopt_long(argc, argv, table.letters, table.names, NULL)) != -1) {
		if (value == ':') {
			print_value(options_find(command, optopt));
			return;
		}
	}
	count = argc - optind;
	ended = streq(argv[optind - 1], "--");
	if (*word != '-' || ended || (count && !command->options_anywhere)) {
		print_operand(command, argv + optind, count, optind + skipped);
		for (size_t i = 0; argc == 1 && !named && commands[i]; i++)
			puts(commands[i]->name);
	} else if (strchr(word, '=')) {
		print_value(find_named(command, word));
	} else {
		print_options(command);
	}
}
