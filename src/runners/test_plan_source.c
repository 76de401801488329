/* Get the tests that ctest or meson will start */
#include "runners/test_plan_source.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"

#define OUTPUT_MAX_BYTES (64 << 20)

void plan_source_done(struct plan_source *source)
{
	cJSON_Delete(source->tests);
	cJSON_Delete(source->more_arguments);
	free(source->directory);
	*source = (struct plan_source){0};
}

/* -- Options --------------------------------------------------------------------------------------- */

/*
 * Returns the value of the last "--long VALUE" or "--long=VALUE"; for a name of one letter also
 * "-xVALUE".
 */
static const char *option(char *const *argv, const char *name)
{
	bool is_short = name[1] != '-';
	const char *value = NULL;

	for (; *argv; argv++) {
		const char *rest = startswith(*argv, name);

		if (!rest)
			continue;
		if (!*rest)
			value = argv[1] ? argv[1] : value;
		else if (*rest == '=' || is_short)
			value = rest + (*rest == '=');
	}
	return value;
}

/*
 * Returns whether ctest runs the tests of a directory: with one of these options it does something
 * else or prints other output.
 */
static bool is_plain_ctest(char *const *argv)
{
	static const char *const others[] = {
		"-N",
		"-S",
		"-SP",
		"-SV",
		"-D",
		"-T",
		"-M",
		"-h",
		"-H",
		"--help",
		"-help",
		"/?",
		"--script",
		"--dash",
		"--build",
		"--test-action",
		"--test-model",
		"--show-only",
		"--print",
		"--list",
		"--version",
		"-version",
		"--submit-index",
	};

	for (argv++; *argv; argv++)
		for (size_t i = 0; i < ARRAY_SIZE(others); i++)
			if (others[i][1] == '-' ? startswith(*argv, others[i]) != NULL
						: streq(*argv, others[i]))
				return false;
	return true;
}

/* -- ctest ----------------------------------------------------------------------------------------- */

static char *read_all(int fd)
{
	size_t size = 0, room = 1 << 16;
	char *text = xrealloc(NULL, room);

	for (;;) {
		ssize_t n = read(fd, text + size, room - size - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		size += (size_t)n;
		if (size + 1 < room)
			continue;
		if (room >= OUTPUT_MAX_BYTES)
			break;
		room *= 2;
		text = xrealloc(text, room);
	}
	text[size] = '\0';
	return text;
}

/* Returns the standard output of a program, or NULL if the program cannot be run. */
static char *output_of(const char *file, char *const *argv)
{
	posix_spawn_file_actions_t actions;
	_cleanup_close_ int from = -1;
	char *text = NULL;
	int channel[2];
	pid_t pid;
	int r;

	if (pipe2(channel, O_CLOEXEC) < 0)
		return NULL;
	from = channel[0];
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, channel[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	r = posix_spawnp(&pid, file, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close_fd(channel[1]);
	if (r)
		return NULL;
	text = read_all(from);
	close_fd(steal_fd(&from));
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return text;
}

void plan_source_ctest(const char *file, char *const *argv, struct plan_source *ret)
{
	_cleanup_free_ char **asked = NULL;
	_cleanup_free_ char *output = NULL;
	const char *directory = option(argv + 1, "--test-dir");
	size_t count = 0;

	*ret = (struct plan_source){0};
	if (!is_plain_ctest(argv))
		return;
	while (argv[count])
		count++;
	asked = xcalloc(count + 2, sizeof(char *));
	memcpy(asked, argv, count * sizeof(char *));
	asked[count] = (char *)"--show-only=json-v1";
	output = output_of(file, asked);
	ret->tests = output ? cJSON_Parse(output + strcspn(output, "{")) : NULL;
	ret->directory = xstrdup(directory ? directory : ".");
}

/* -- meson ----------------------------------------------------------------------------------------- */

static cJSON *read_json(const char *directory, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/meson-info/%s", directory, name);
	_cleanup_free_ char *text = NULL;

	return read_file(path, &text, NULL) == 0 ? cJSON_Parse(text) : NULL;
}

/*
 * Splits the words of --test-args='a b'. meson splits them like a shell: with quotes, no test is
 * recognised.
 */
static cJSON *split(const char *words)
{
	cJSON *array = cJSON_CreateArray();
	char *rest;
	_cleanup_free_ char *copy = xstrdup(words);

	for (char *word = strtok_r(copy, " \t\n", &rest); word;
	     word = strtok_r(NULL, " \t\n", &rest))
		cJSON_AddItemToArray(array, cJSON_CreateString(word));
	return array;
}

void plan_source_meson(char *const *argv, struct plan_source *ret)
{
	const char *directory = option(argv + 1, "-C");
	const char *words = option(argv + 1, "--test-args");
	bool benchmark = false;

	*ret = (struct plan_source){0};
	if (!argv[1] || !streq(argv[1], "test"))
		return;
	for (size_t i = 2; argv[i]; i++)
		benchmark |= streq(argv[i], "--benchmark");
	ret->directory = xstrdup(directory ? directory : ".");
	ret->more_arguments = words ? split(words) : NULL;
	ret->tests =
		read_json(ret->directory, benchmark ? "intro-benchmarks.json" : "intro-tests.json");
}
