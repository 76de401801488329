/* The options of a command: one table for parsing, defaults, help and completions */
#pragma once

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_FLAG, /* stores true */
	OPTION_CONSTANT, /* stores least */
	OPTION_NUMBER, /* from least to most */
	OPTION_DURATION, /* in ns, from least */
	OPTION_CHOICE, /* one of words; stores least + index */
	OPTION_TEXT,
	OPTION_FILE,
	OPTION_USER,
	OPTION_HELP,
	OPTION_VERSION,
};

struct option_spec {
	const char *name;
	char letter; /* 0 if there is none */
	enum option_kind kind;
	/* The default, as a user writes it; NULL: the target is set before parsing */
	const char *initial;
	const char *value; /* the placeholder in the help; NULL: depends on kind */
	const char *help;
	const char *heading; /* heading of a new group in the help; NULL: none */
	uint64_t least, most;
	const char *const *words; /* word_count words */
	size_t word_count;
	/*
	 * 0: words is an array; otherwise bytes from word to word, and a help text follows each
	 * word
	 */
	size_t word_stride;
	size_t offset, bytes; /* the member to store into; 0 bytes: none */
	bool repeats; /* each use has an effect, not only the last one */
	/*
	 * Called after a value from the command line is stored. Returns 0, or -errno after a
	 * message.
	 */
	int (*set)(void *target, const char *text);
};

#define FIELD(type, member) \
	.offset = offsetof(type, member), .bytes = sizeof(((const type *)NULL)->member)
#define HELP_OPTION                                                    \
	{                                                              \
		"help", 'h', OPTION_HELP, .help = "show this and exit" \
	}

/* The arguments after the options */
enum operands {
	OPERANDS_NONE,
	OPERANDS_FILES,
	OPERANDS_COMMAND, /* a command line */
	OPERANDS_NAMED_COMMAND, /* a name, then a command line */
};

struct cli_command {
	const char *name;
	const char *usage; /* lines, each without the leading "latwrap " */
	const char *about, *notes; /* paragraphs before and after the options */
	const struct option_spec *options; /* ends with an entry without a name */
	enum operands operands;
	bool options_anywhere; /* options may follow operands */
	int usage_status; /* the exit status for a wrong command line */
	/* Ignores argv[0]. Returns an exit status, OPTIONS_HELP or OPTIONS_VERSION. */
	int (*run)(int argc, char **argv);
};

/* Returns the command of that name, or NULL. commands ends with NULL. */
const struct cli_command *command_find(const struct cli_command *const *commands, const char *name);

enum { OPTIONS_HELP = -1, OPTIONS_VERSION = -2 };

/*
 * Stores the defaults and the values of argv into *target. Returns 0 with the operands, which end
 * with NULL; OPTIONS_HELP or OPTIONS_VERSION, which main() handles; or command->usage_status after
 * a message that quotes the input.
 */
int options_parse(const struct cli_command *command, int argc, char **argv, void *target,
		  char ***ret_operands);

/* Logs the message and how to get help. Returns command->usage_status. */
int usage_error(const struct cli_command *command, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

bool option_takes_value(const struct option_spec *spec);
/* A word of an OPTION_CHOICE, and its help text; NULL if it has none. */
const char *option_word(const struct option_spec *spec, size_t index);
const char *option_word_help(const struct option_spec *spec, size_t index);

/* The table of options for getopt_long(3) */
#define OPTIONS_MAX 64

struct getopt_table {
	char letters[2 * OPTIONS_MAX + 3];
	struct option names[OPTIONS_MAX + 1];
};

void options_for_getopt(const struct cli_command *command, struct getopt_table *ret);
/* Returns the option for a result of getopt_long(3) or for optopt; NULL if unknown. */
const struct option_spec *options_find(const struct cli_command *command, int value);
