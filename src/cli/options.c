/* Parse a command line according to the table of options of the command */
#include "cli/options.h"

#include <errno.h>
#include <stdarg.h>

#include "base/duration.h"
#include "base/log.h"
#include "base/util.h"

#define FIRST_NAME    256 /* result of getopt_long(3) for the first option: above all letters */
#define SIMILAR_EDITS 2
#define NAME_BYTES    32 /* longer words are not compared */

const struct cli_command *command_find(const struct cli_command *const *commands, const char *name)
{
	for (; *commands; commands++)
		if (streq((*commands)->name, name))
			return *commands;
	return NULL;
}

int usage_error(const struct cli_command *command, const char *fmt, ...)
{
	_cleanup_free_ char *message = NULL;
	bool is_run = streq(command->name, "run");
	va_list ap;

	va_start(ap, fmt);
	message = xvasprintf(fmt, ap);
	va_end(ap);
	log_error("%s (see 'latwrap %s%s--help')", message, is_run ? "" : command->name,
		  is_run ? "" : " ");
	return command->usage_status;
}

/* -- Values ---------------------------------------------------------------------------------------- */

static const char *const *word_at(const struct option_spec *spec, size_t index)
{
	size_t stride = spec->word_stride ? spec->word_stride : sizeof(*spec->words);

	return (const char *const *)((const char *)spec->words + index * stride);
}

const char *option_word(const struct option_spec *spec, size_t index)
{
	return *word_at(spec, index);
}

const char *option_word_help(const struct option_spec *spec, size_t index)
{
	return spec->word_stride ? word_at(spec, index)[1] : NULL;
}

bool option_takes_value(const struct option_spec *spec)
{
	return spec->kind >= OPTION_NUMBER && spec->kind <= OPTION_USER;
}

static void store_number(const struct option_spec *spec, void *target, uint64_t number)
{
	void *member = (char *)target + spec->offset;
	uint8_t number_8 = (uint8_t)number;
	uint32_t number_32 = (uint32_t)number;

	if (spec->bytes == sizeof(number_8))
		memcpy(member, &number_8, sizeof(number_8));
	else if (spec->bytes == sizeof(number_32))
		memcpy(member, &number_32, sizeof(number_32));
	else if (spec->bytes == sizeof(number))
		memcpy(member, &number, sizeof(number));
}

static int parse_number(const struct cli_command *command, const struct option_spec *spec,
			const char *text, uint64_t *ret)
{
	if (parse_u64(text, ret) == 0 && *ret >= spec->least && *ret <= spec->most)
		return 0;
	usage_error(command, "--%s: '%s' is not a number from %llu to %llu", spec->name, text,
		    (unsigned long long)spec->least, (unsigned long long)spec->most);
	return -EINVAL;
}

static int parse_duration(const struct cli_command *command, const struct option_spec *spec,
			  const char *text, uint64_t *ret_ns)
{
	int r = duration_parse(text, ret_ns);

	if (r == -ERANGE)
		usage_error(command, "--%s: '%s' is out of range (1ns to 584 years)", spec->name,
			    text);
	else if (r < 0)
		usage_error(command, "--%s: '%s' is not a duration, such as 500us, 5ms or 1.5s",
			    spec->name, text);
	else if (*ret_ns < spec->least)
		usage_error(command, "--%s: '%s' is too short; the shortest is %lluns", spec->name,
			    text, (unsigned long long)spec->least);
	else
		return 0;
	return -EINVAL;
}

static int parse_choice(const struct cli_command *command, const struct option_spec *spec,
			const char *text, uint64_t *ret)
{
	_cleanup_free_ char *list = xstrdup("");

	for (size_t i = 0; i < spec->word_count; i++) {
		const char *separator = i == 0 ? "" : i + 1 < spec->word_count ? ", " : " or ";
		char *longer;

		if (streq(text, option_word(spec, i))) {
			*ret = spec->least + i;
			return 0;
		}
		longer = xasprintf("%s%s%s", list, separator, option_word(spec, i));
		free(list);
		list = longer;
	}
	usage_error(command, "--%s: '%s' is not %s", spec->name, text, list);
	return -EINVAL;
}

static int assign(const struct cli_command *command, const struct option_spec *spec,
		  const char *text, void *target)
{
	uint64_t number = spec->kind == OPTION_FLAG ? true : spec->least;
	bool is_text = false;
	int r = 0;

	if (spec->kind == OPTION_NUMBER)
		r = parse_number(command, spec, text, &number);
	else if (spec->kind == OPTION_DURATION)
		r = parse_duration(command, spec, text, &number);
	else if (spec->kind == OPTION_CHOICE)
		r = parse_choice(command, spec, text, &number);
	else
		is_text = spec->kind != OPTION_FLAG && spec->kind != OPTION_CONSTANT;
	if (r < 0)
		return r;
	if (!is_text)
		store_number(spec, target, number);
	else if (spec->bytes == sizeof(text))
		memcpy((char *)target + spec->offset, &text, sizeof(text));
	return 0;
}

/* -- Names ----------------------------------------------------------------------------------------- */

/*
 * Returns the Levenshtein distance: how many letters to insert, delete or replace to turn a into b.
 */
static size_t edits(const char *a, size_t length, const char *b)
{
	size_t row[NAME_BYTES + 1];

	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 0; b[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 1; j <= length; j++) {
			size_t replaced = diagonal + (a[j - 1] != b[i]);

			diagonal = row[j];
			row[j] = MIN(MIN(row[j], row[j - 1]) + 1, replaced);
		}
	}
	return row[length];
}

/* Returns the option most similar to "--name=value"; NULL if none is similar. */
static const struct option_spec *similar(const struct cli_command *command, const char *given)
{
	const char *name = startswith(given, "--");
	size_t length = name ? strcspn(name, "=") : 0, best = SIMILAR_EDITS + 1;
	const struct option_spec *found = NULL;

	if (length <= SIMILAR_EDITS || length > NAME_BYTES)
		return NULL;
	for (const struct option_spec *spec = command->options; spec->name; spec++) {
		size_t count = edits(name, length, spec->name);

		if (count < best) {
			best = count;
			found = spec;
		}
	}
	return found;
}

/* given: the word where getopt_long(3) stopped. */
static int name_error(const struct cli_command *command, int why, const char *given)
{
	const struct option_spec *spec = options_find(command, optopt);

	if (why == ':')
		return usage_error(command, "option '%s' needs a value", given);
	if (optopt >= FIRST_NAME)
		return usage_error(command, "unknown option '%s'; --%s takes no value", given,
				   spec->name);
	if (optopt)
		return usage_error(command, "unknown option '-%c'", optopt);
	spec = similar(command, given);
	if (spec)
		return usage_error(command, "unknown option '%s'; did you mean --%s?", given,
				   spec->name);
	return usage_error(command, "unknown option '%s'", given);
}

/* -- The line -------------------------------------------------------------------------------------- */

void options_for_getopt(const struct cli_command *command, struct getopt_table *ret)
{
	char *letter;

	*ret = (struct getopt_table){0};
	letter = ret->letters;
	if (!command->options_anywhere)
		*letter++ = '+';
	*letter++ = ':';
	for (size_t i = 0; i < OPTIONS_MAX && command->options[i].name; i++) {
		const struct option_spec *spec = &command->options[i];
		bool value = option_takes_value(spec);

		ret->names[i] = (struct option){spec->name, value, NULL, FIRST_NAME + (int)i};
		if (!spec->letter)
			continue;
		*letter++ = spec->letter;
		if (value)
			*letter++ = ':';
	}
}

const struct option_spec *options_find(const struct cli_command *command, int value)
{
	if (value >= FIRST_NAME)
		return &command->options[value - FIRST_NAME];
	for (const struct option_spec *spec = command->options; value && spec->name; spec++)
		if (spec->letter == value)
			return spec;
	return NULL;
}

int options_parse(const struct cli_command *command, int argc, char **argv, void *target,
		  char ***ret_operands)
{
	const struct option_spec *spec;
	struct getopt_table table;
	int value;

	for (spec = command->options; spec->name; spec++)
		if (spec->initial && assign(command, spec, spec->initial, target) < 0)
			return command->usage_status;
	options_for_getopt(command, &table);
	optind = 0; /* 0 makes glibc forget the state of an earlier command line */
	opterr = 0;
	while ((value = getopt_long(argc, argv, table.letters, table.names, NULL)) != -1) {
		spec = options_find(command, value);
		if (!spec)
			return name_error(command, value, argv[optind - 1]);
		if (spec->kind == OPTION_HELP)
			return OPTIONS_HELP;
		if (spec->kind == OPTION_VERSION)
			return OPTIONS_VERSION;
		if (assign(command, spec, optarg, target) < 0 ||
		    (spec->set && spec->set(target, optarg) < 0))
			return command->usage_status;
	}
	*ret_operands = argv + optind;
	return 0;
}
