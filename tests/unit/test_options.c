/* Tests of cli/options: what each kind of option stores, what it refuses, and what its message says */
#include "cli/options.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/util.h"
#include "tap.h"

#define WORDS_MAX 8

enum fruit { FRUIT_APPLE = 3, FRUIT_PEAR };

struct target {
	bool flag, constant;
	int small;
	uint64_t large, duration_ns;
	enum fruit fruit;
	const char *text;
	unsigned used; /* how often set() was called */
};

static int set(void *target, const char *text)
{
	((struct target *)target)->used++;
	return streq(text, "refused") ? -1 : 0;
}

static const char *const fruits[] = {"apple", "pear"};
static const struct option_spec specs[] = {
	{"flag", 'f', OPTION_FLAG, FIELD(struct target, flag)},
	{"no-constant", 0, OPTION_CONSTANT, FIELD(struct target, constant), .least = false},
	{"constant", 0, OPTION_CONSTANT, FIELD(struct target, constant), .least = true},
	{"small", 's', OPTION_NUMBER, FIELD(struct target, small), .least = 2, .most = 255},
	{"large", 0, OPTION_NUMBER, "7", FIELD(struct target, large), .most = UINT64_MAX},
	{"duration", 0, OPTION_DURATION, "5ms", FIELD(struct target, duration_ns), .least = 1},
	{"fruit", 0, OPTION_CHOICE, "pear", FIELD(struct target, fruit), .least = FRUIT_APPLE,
	 .words = fruits, .word_count = ARRAY_SIZE(fruits)},
	{"text", 't', OPTION_TEXT, "none", FIELD(struct target, text), .set = set},
	HELP_OPTION,
	{"version", 'V', OPTION_VERSION, .help = "show the version"},
	{0},
};
static const struct cli_command plain = {.name = "plain", .options = specs, .usage_status = 42};
static const struct cli_command anywhere = {
	.name = "run", .options = specs, .options_anywhere = true, .usage_status = 43};

static int count_words(char **words)
{
	int count = 0;

	while (words[count])
		count++;
	return count;
}

/* Parses "flag|--small=3|operand". What was logged goes to ret_message, which the caller frees. */
static int parse(const struct cli_command *command, const char *line, struct target *ret,
		 char ***ret_operands, char **ret_message)
{
	static char copy[256];
	static char *argv[WORDS_MAX + 2];
	char *rest = copy, *word;
	int argc = 0, saved = dup(STDERR_FILENO), r;
	_cleanup_fclose_ FILE *log = tmpfile();

	snprintf(copy, sizeof(copy), "program|%s", line);
	while (argc <= WORDS_MAX && (word = strsep(&rest, "|")))
		argv[argc++] = word;
	argv[argc] = NULL;
	*ret = (struct target){.constant = true, .small = -1};
	dup2(fileno(log), STDERR_FILENO);
	r = options_parse(command, argc, argv, ret, ret_operands);
	dup2(saved, STDERR_FILENO);
	close(saved);
	*ret_message = xcalloc(1, 256);
	rewind(log);
	if (fread(*ret_message, 1, 255, log) == 0)
		**ret_message = '\0';
	return r;
}

static void test_stored(void)
{
	struct target target;
	char **operands;
	_cleanup_free_ char *message = NULL, *again = NULL;

	is_int(parse(&plain, "", &target, &operands, &message), 0);
	is_str(message, "");
	ok(!target.flag && target.constant && target.small == -1 && target.large == 7);
	ok(target.duration_ns == 5 * NSEC_PER_MSEC && target.fruit == FRUIT_PEAR);
	ok(streq(target.text, "none") && target.used == 0);

	is_int(parse(&plain,
		     "-fs|255|--no-constant|--large=18446744073709551615|--dur=1.5s|"
		     "--fruit|apple|-tword",
		     &target, &operands, &again),
	       0);
	ok(target.flag && !target.constant && target.small == 255 && target.large == UINT64_MAX);
	ok(target.duration_ns == 1500 * NSEC_PER_MSEC && target.fruit == FRUIT_APPLE);
	ok(streq(target.text, "word") && target.used == 1);
	is_int(count_words(operands), 0);
}

static const struct {
	const struct cli_command *command;
	const char *line;
	int result, operands;
} lines[] = {
	{&plain, "--flag|a|--flag|--unknown", 0, 3},
	{&plain, "--flag|--|--flag", 0, 1},
	{&anywhere, "a|--flag|b", 0, 2},
	{&anywhere, "a|--|--flag", 0, 2},
	{&plain, "--help", OPTIONS_HELP, 0},
	{&plain, "-fh", OPTIONS_HELP, 0},
	{&plain, "a|--help", 0, 2},
	{&anywhere, "a|-V", OPTIONS_VERSION, 0},
};

static void test_lines(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		_cleanup_free_ char *message = NULL;
		char **operands = NULL;
		struct target target;
		int r = parse(lines[i].command, lines[i].line, &target, &operands, &message);

		okf(r == lines[i].result && !*message, "%s: %d", lines[i].line, r);
		okf(r || count_words(operands) == lines[i].operands, "%s: the operands",
		    lines[i].line);
	}
}

static const struct {
	const char *line, *message;
} refused[] = {
	{"--small=1", "--small: '1' is not a number from 2 to 255"},
	{"--small=256", "--small: '256' is not a number from 2 to 255"},
	{"-s|-3", "--small: '-3' is not a number from 2 to 255"},
	{"-s|", "--small: '' is not a number from 2 to 255"},
	{"--duration=5mx", "--duration: '5mx' is not a duration, such as 500us, 5ms or 1.5s"},
	{"--duration=0", "--duration: '0' is too short; the shortest is 1ns"},
	{"--duration=9999999h", "--duration: '9999999h' is out of range (1ns to 584 years)"},
	{"--fruit=plum", "--fruit: 'plum' is not apple or pear"},
	{"--fruit", "option '--fruit' needs a value"},
	{"-ft", "option '-ft' needs a value"},
	{"--flag=yes", "unknown option '--flag=yes'; --flag takes no value"},
	{"--durtion=5ms", "unknown option '--durtion=5ms'; did you mean --duration?"},
	{"--nonsense", "unknown option '--nonsense'"},
	{"--fl\nag", "unknown option '--fl\\x0aag'; did you mean --flag?"},
	{"--=", "unknown option '--='"},
	{"-fz", "unknown option '-z'"},
};

static void test_refused(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		_cleanup_free_ char *message = NULL, *expected = NULL;
		char **operands;
		struct target target;

		is_int(parse(&plain, refused[i].line, &target, &operands, &message), 42);
		expected =
			xasprintf("latwrap: %s (see 'latwrap plain --help')\n", refused[i].message);
		is_str(message, expected);
	}
}

static void test_setter_refuses(void)
{
	_cleanup_free_ char *message = NULL, *run = NULL;
	char **operands;
	struct target target;

	is_int(parse(&plain, "--text=refused", &target, &operands, &message), 42);
	is_int(parse(&anywhere, "-z", &target, &operands, &run), 43);
	is_str(run, "latwrap: unknown option '-z' (see 'latwrap --help')\n");
}

int main(void)
{
	test_stored();
	test_lines();
	test_refused();
	test_setter_refuses();
	return tap_done();
}
