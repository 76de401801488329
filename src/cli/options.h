/* The options of a command: one table that parsing, defaults, help and completions come from */
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
	OPTION_CHOICE, /* one of words; stores its index + least */
	OPTION_TEXT,
	OPTION_FILE,
	OPTION_USER,
	OPTION_HELP,
	OPTION_VERSION,
};

struct option_spec {
	const char *name;
	char letter; /* 0: none */
	enum option_kind kind;
	const char *initial; /* the default, as a user writes it; NULL: what the target holds */
	const char *value; /* the name of the value in the help; NULL: by the kind */
	const char *help;
	const char *heading; /* NULL unless a group of the help begins here */
	uint64_t least, most;
	const char *const *words; /* the first of word_count */
	size_t word_count;
	size_t word_stride; /* 0: words is an array; else a help text follows each word */
	size_t offset, bytes; /* of the member to store into; 0 bytes: none */
	bool repeats; /* every use counts, not only the last */
	/* Called after a value of the command line is stored. Returns 0, or -errno after a message. */
	int (*set)(void *target, const char *text);
};

#define FIELD(type, member) \
	.offset = offsetof(type, member), .bytes = sizeof(((const type *)NULL)->member)
#define HELP_OPTION                                                    \
	{                                                              \
		"help", 'h', OPTION_HELP, .help = "show this and exit" \
	}

/* What follows the options. */
enum operands {
	OPERANDS_NONE,
	OPERANDS_FILES,
	OPERANDS_COMMAND, /* a command line */
	OPERANDS_NAMED_COMMAND, /* a name, then a command line */
};

struct cli_command {
	const char *name;
	const char *usage; /* lines, each of what follows "latwrap " */
	const char *about, *notes; /* paragraphs before and after the options */
	const struct option_spec *options; /* ends with one without a name */
	enum operands operands;
	bool options_anywhere; /* also behind an operand */
	int usage_status; /* the exit status for a wrong command line */
	/* argv[0] is not looked at. Returns an exit status, or OPTIONS_HELP or OPTIONS_VERSION. */
	int (*run)(int argc, char **argv);
};

/* commands ends with NULL. Returns NULL if there is none of that name. */
const struct cli_command *command_find(const struct cli_command *const *commands, const char *name);

enum { OPTIONS_HELP = -1, OPTIONS_VERSION = -2 };

/*
 * Stores the defaults and the values of argv into *target. Returns 0 with the operands, which end with NULL; or
 * OPTIONS_HELP or OPTIONS_VERSION, which main() answers; or command->usage_status after a message that quotes the input.
 */
int options_parse(const struct cli_command *command, int argc, char **argv, void *target,
		  char ***ret_operands);

/* Logs the message and where the help is. Returns command->usage_status. */
int usage_error(const struct cli_command *command, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

bool option_takes_value(const struct option_spec *spec);
/* The words of an OPTION_CHOICE, and what the help says of each; NULL: nothing. */
const char *option_word(const struct option_spec *spec, size_t index);
const char *option_word_help(const struct option_spec *spec, size_t index);

/* The table as getopt_long(3) takes it. */
#define OPTIONS_MAX 64

struct getopt_table {
	char letters[2 * OPTIONS_MAX + 3];
	struct option names[OPTIONS_MAX + 1];
};

void options_for_getopt(const struct cli_command *command, struct getopt_table *ret);
/* The option that getopt_long(3) means by what it returns, or leaves in optopt; NULL: an unknown one. */
const struct option_spec *options_find(const struct cli_command *command, int value);
