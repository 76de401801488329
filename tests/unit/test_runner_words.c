/* What the command lines of node, PHP, cargo, go and Python ask for, read as these read them. */
#include "runners/runner_words.h"

#include "base/util.h"
#include "tap.h"

#define WORDS_MAX 16

/* Separated by single spaces. */
static char **split(char *line, char *words[WORDS_MAX])
{
	size_t count = 0;
	char *rest;

	for (char *word = strtok_r(line, " ", &rest); word && count < WORDS_MAX - 1;
	     word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	words[count] = NULL;
	return words;
}

static bool node(const char *line)
{
	_cleanup_free_ char *copy = xstrdup(line);
	char *words[WORDS_MAX];

	return runner_words_node_tests(split(copy, words));
}

static size_t php(const char *line)
{
	_cleanup_free_ char *copy = xstrdup(line);
	char *words[WORDS_MAX];

	return runner_words_php_script(split(copy, words));
}

static bool cargo(const char *line)
{
	_cleanup_free_ char *copy = xstrdup(line);
	char *words[WORDS_MAX];

	return runner_words_cargo_tests(split(copy, words));
}

static size_t go(const char *line, const char *environment)
{
	_cleanup_free_ char *copy = xstrdup(line);
	char *words[WORDS_MAX];

	return runner_words_go_test(split(copy, words), environment);
}

static void test_node(void)
{
	static const char *const yes[] = {
		"node --test",
		"node --test a.js",
		"node --import ./hook.mjs --test a.js",
		"node --import=./hook.mjs --test a.js",
		"node -r ./hook.cjs --loader x --test",
		"node --no-warnings -C dev --test_name_pattern x --test",
		"node --max-old-space-size=4096 --test",
		"node /p/node_modules/.bin/mocha --parallel",
		"node --expose-gc node_modules/mocha/lib/cli/cli.js",
		"node -- node_modules/jest/bin/jest.js",
		"/usr/bin/node /p/node_modules/vitest/vitest.mjs run",
		"node /usr/share/yarn/bin/yarn.js test",
	};
	static const char *const no[] = {
		"node",
		"node a.js --test",
		"node --trace-warnings a.js --test",
		"node -- --test",
		"node --import --test",
		"node - --test",
		"node --testing",
		"node -r ./hook.cjs a.js --test",
		"node -e --test",
		"node --import mocha a.js",
		"node server.js jest",
		"node /home/jest/server.js",
	};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		okf(node(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		okf(!node(no[i]), "not %s", no[i]);
}

static void test_php(void)
{
	static const char *const yes[] = {
		"php vendor/bin/phpunit --filter x",
		"php -d memory_limit=-1 -dxdebug.mode=off /usr/bin/phpunit",
		"php8.2 -c /etc/php.ini -n bin/simple-phpunit",
		"php -f phpunit.phar",
	};
	static const char *const no[] = {
		"php",
		"php app.php vendor/bin/phpunit",
		"php -d phpunit app.php",
		"php -- phpunit",
		"php -r phpunit",
		"php /opt/phpunit/server.php",
	};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		okf(php(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		okf(!php(no[i]), "not %s", no[i]);
	is_u64(php("php -d a=1 -n vendor/bin/phpunit x"), 4);
	is_u64(php("php -n -f phpunit.phar"), 2);
}

static void test_cargo(void)
{
	static const char *const yes[] = {
		"cargo test",
		"cargo t -q",
		"cargo +nightly test -- x",
		"cargo --color always -v test",
		"cargo --config a.b=1 nextest run",
		"cargo -C dir -Z unstable-options test",
		"cargo llvm-cov test",
		"cargo +stable llvm-cov --html nextest",
	};
	static const char *const no[] = {
		"cargo",
		"cargo run --bin app -- test x",
		"cargo run --bin test",
		"cargo build -p test",
		"cargo --color test build",
		"cargo xtask -- test",
		"cargo --explain test",
		"cargo -- test",
	};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		okf(cargo(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		okf(!cargo(no[i]), "not %s", no[i]);
}

static void test_go(void)
{
	static const struct {
		const char *line, *environment;
		size_t at;
	} cases[] = {
		{"go", NULL, 0},
		{"go test", NULL, 2},
		{"go test ./...", "", 2},
		{"go test -C dir ./...", NULL, 4},
		{"go test --C=dir ./...", NULL, 3},
		{"go -C dir test ./...", NULL, 4},
		{"go -C=dir test", NULL, 3},
		{"go run test", NULL, 0},
		{"go vet test", NULL, 0},
		{"go test -exec=env ./...", NULL, 0},
		{"go test -v --exec env", NULL, 0},
		{"go test -v -args -exec=mine", NULL, 2},
		{"go test -executable", NULL, 2},
		{"go test", "-race -exec=env", 0},
		{"go test", "-race '-exec=env x'", 0},
		{"go test", "-race\n", 2},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		is_u64(go(cases[i].line, cases[i].environment), cases[i].at);
}

static void test_python(void)
{
	static const struct {
		const char *line;
		bool runs_file;
	} cases[] = {
		{"python3 runtests.py", true},
		{"/usr/bin/python3.11 -u ./runtests.py", true},
		{"python3.13t -X dev -Wd runtests.py -c x", true},
		{"pypy3 -bb -W error run", true},
		{"python3 -m unittest", true},
		{"python3 -um unittest", true},
		{"python3 --check-hash-based-pycs always run", true},
		{"python3 -c pass", false},
		{"python3 -Ic pass run.py", false},
		{"python3 -X dev -c pass", false},
		{"python3 --version", false},
		{"python3 -", false},
		{"python3", false},
		{"python3-config run.py", false},
		{"mypython run.py", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *copy = xstrdup(cases[i].line);
		char *words[WORDS_MAX];

		okf(runner_words_python_runs_file(split(copy, words)) == cases[i].runs_file, "%s",
		    cases[i].line);
	}
}

int main(void)
{
	test_python();
	test_node();
	test_php();
	test_cargo();
	test_go();
	return tap_done();
}
