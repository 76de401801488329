/* The plan of ctest or meson: announce the tests to an outer latwrap, and report their outcomes */
#include "runners/test_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "spans/span_message.h"
#include "runners/test_plan_source.h"

#define ANNOUNCE_MS 2000

const char *const plan_kind_names[PLAN_KINDS + 1] = {
	[PLAN_CTEST] = "ctest",
	[PLAN_MESON] = "meson",
};

static const char *text(const cJSON *json, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);

	return cJSON_IsString(item) ? item->valuestring : NULL;
}

/* -- Making it ------------------------------------------------------------------------------------- */

/* Takes ownership of arguments. Returns NULL if this is not a test that is started. */
static cJSON *add_test(struct plan *plan, const char *name, cJSON *arguments)
{
	struct plan_test *test;
	cJSON *message;

	if (!name || !*name || !cJSON_IsArray(arguments) || !cJSON_IsString(arguments->child)) {
		cJSON_Delete(arguments);
		return NULL;
	}
	plan->tests = xreallocarray(plan->tests, plan->count + 1, sizeof(*plan->tests));
	test = &plan->tests[plan->count++];
	*test = (struct plan_test){
		.id = xasprintf("%s-%d-%zu", plan_kind_names[plan->kind], getpid(), plan->count),
		.name = xstrndup(name, 1024),
		.arguments = arguments,
	};
	message = span_client_message("plan", test->id);
	cJSON_AddStringToObject(message, "name", test->name);
	cJSON_AddStringToObject(message, "runner", plan_kind_names[plan->kind]);
	cJSON_AddItemReferenceToObject(message, "argv", test->arguments);
	cJSON_AddItemToArray(plan->messages, message);
	return message;
}

/*
 * Adds where CMake code defined the test: a node of backtraceGraph.nodes[], with an index into
 * files[].
 */
static void add_place(cJSON *message, const cJSON *graph, const cJSON *test)
{
	const cJSON *number = cJSON_GetObjectItemCaseSensitive(test, "backtrace"), *node, *file;

	if (!cJSON_IsNumber(number))
		return;
	node = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(graph, "nodes"),
				  number->valueint);
	file = cJSON_GetObjectItemCaseSensitive(node, "file");
	if (!cJSON_IsNumber(file))
		return;
	file = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(graph, "files"), file->valueint);
	number = cJSON_GetObjectItemCaseSensitive(node, "line");
	if (!cJSON_IsString(file) || !cJSON_IsNumber(number))
		return;
	cJSON_AddStringToObject(message, "file", file->valuestring);
	cJSON_AddNumberToObject(message, "line", number->valueint);
}

static bool add_property(cJSON *message, const cJSON *property)
{
	const char *name = text(property, "name");
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(property, "value");

	if (!name)
		return false;
	if (streq(name, "SKIP_RETURN_CODE") && cJSON_IsNumber(value))
		cJSON_AddNumberToObject(message, "skip_code", value->valueint);
	else if (streq(name, "WILL_FAIL") && cJSON_IsTrue(value))
		cJSON_AddTrueToObject(message, "will_fail");
	return strstr(name, "_REGULAR_EXPRESSION") != NULL;
}

static void add_ctest(struct plan *plan, const cJSON *info)
{
	const cJSON *graph = cJSON_GetObjectItemCaseSensitive(info, "backtraceGraph"), *test;

	cJSON_ArrayForEach(test, cJSON_GetObjectItemCaseSensitive(info, "tests")) {
		cJSON *command = cJSON_GetObjectItemCaseSensitive(test, "command");
		cJSON *message = add_test(plan, text(test, "name"), cJSON_Duplicate(command, true));
		const cJSON *property;
		bool is_unsure = false;

		if (!message)
			continue;
		add_place(message, graph, test);
		cJSON_ArrayForEach(property, cJSON_GetObjectItemCaseSensitive(test, "properties"))
			is_unsure |= add_property(message, property);
		plan->tests[plan->count - 1].is_unsure = is_unsure;
		if (is_unsure)
			cJSON_AddTrueToObject(message, "unsure");
	}
}

/* Returns whether all tests are in the same suite: then meson does not print the suite. */
static bool have_one_suite(const cJSON *tests)
{
	const cJSON *test, *suite;
	const char *first = NULL;

	cJSON_ArrayForEach(test, tests) {
		cJSON_ArrayForEach(suite, cJSON_GetObjectItemCaseSensitive(test, "suite")) {
			if (!cJSON_IsString(suite))
				continue;
			if (first && !streq(first, suite->valuestring))
				return false;
			first = suite->valuestring;
		}
	}
	return true;
}

/* Returns the name as meson prints it: "project:suite+suite / test". */
static char *meson_name(const cJSON *test, bool without_suite)
{
	const cJSON *suite = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(test, "suite"), 0);
	const char *name = text(test, "name"), *project = suite ? suite->valuestring : NULL;
	char *names;
	size_t size;
	FILE *out;

	if (!name || without_suite || !cJSON_IsString(suite) || !project)
		return name ? xstrdup(name) : NULL;
	out = open_memstream(&names, &size);
	if (!out)
		return xstrdup(name);
	fprintf(out, "%.*s", (int)strcspn(project, ":"), project);
	for (const char *separator = ":"; suite; suite = suite->next, separator = "+") {
		const char *own = cJSON_IsString(suite) ? strchr(suite->valuestring, ':') : NULL;

		if (own)
			fprintf(out, "%s%s", separator, own + 1);
	}
	fprintf(out, " / %s", name);
	fclose(out);
	return names;
}

static void add_meson(struct plan *plan, const cJSON *tests, const cJSON *more_arguments)
{
	bool one_suite = have_one_suite(tests);
	const cJSON *test, *word;

	cJSON_ArrayForEach(test, tests) {
		cJSON *command =
			cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(test, "cmd"), true);
		const char *protocol = text(test, "protocol");
		_cleanup_free_ char *name = meson_name(test, one_suite);
		cJSON *message;

		cJSON_ArrayForEach(word, more_arguments)
			cJSON_AddItemToArray(command, cJSON_Duplicate(word, false));
		message = add_test(plan, name, command);
		if (!message)
			continue;
		cJSON_AddNumberToObject(message, "skip_code", 77);
		cJSON_AddNumberToObject(message, "error_code", 99);
		if (protocol && streq(protocol, "exitcode"))
			continue;
		plan->tests[plan->count - 1].is_unsure = true;
		cJSON_AddTrueToObject(message, "unsure");
	}
}

void plan_make(enum plan_kind kind, const char *file, char *const *argv, struct plan *ret)
{
	struct plan_source source;

	*ret = (struct plan){.kind = kind, .messages = cJSON_CreateArray()};
	if (kind == PLAN_CTEST)
		plan_source_ctest(file, argv, &source);
	else
		plan_source_meson(argv, &source);
	if (kind == PLAN_CTEST)
		add_ctest(ret, source.tests);
	else
		add_meson(ret, source.tests, source.more_arguments);
	ret->directory = steal_ptr(source.directory);
	plan_source_done(&source);
}

void plan_done(struct plan *plan)
{
	cJSON_Delete(plan->messages);
	for (size_t i = 0; i < plan->count; i++) {
		free(plan->tests[i].id);
		free(plan->tests[i].name);
		cJSON_Delete(plan->tests[i].arguments);
	}
	free(plan->tests);
	free(plan->directory);
	*plan = (struct plan){0};
}

void plan_announce(struct plan *plan, struct span_client *client)
{
	uint64_t deadline_ns = now_ns(CLOCK_MONOTONIC) + ANNOUNCE_MS * NSEC_PER_MSEC;
	cJSON *message;

	while ((message = cJSON_DetachItemFromArray(plan->messages, 0)))
		span_client_send_by(client, message, deadline_ns);
	span_client_wait_read(client, deadline_ns);
}

/* -- Afterwards ------------------------------------------------------------------------------------ */

static void report(const struct plan_test *test, const char *outcome, struct span_client *client)
{
	cJSON *message = span_client_message("update", test->id);

	cJSON_AddStringToObject(message, "outcome", outcome);
	span_client_send_by(client, message, now_ns(CLOCK_MONOTONIC) + 100 * NSEC_PER_MSEC);
}

/* list has a line "NUMBER:NAME" for each failed test. */
static bool is_listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = list; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		line += strspn(line, "0123456789");
		if (*line == ':' && strncmp(line + 1, name, length) == 0 &&
		    strchr("\n", line[length + 1]))
			return true;
	}
	return false;
}

static void report_ctest(const struct plan *plan, uint64_t since_ns, struct span_client *client)
{
	static const char *const lists[] = {"LastTest.log", "LastTestsFailed.log"};
	_cleanup_free_ char *failed = NULL;
	struct stat status = {0};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		_cleanup_free_ char *path =
			xasprintf("%s/Testing/Temporary/%s", plan->directory, lists[i]);
		bool is_there = stat(path, &status) == 0;

		/* With a log but no list of failed tests, no test failed. */
		if (i == 0 && !is_there)
			return;
		if (!is_there || (uint64_t)status.st_mtim.tv_sec < since_ns / NSEC_PER_SEC)
			continue;
		if (i == 1)
			read_file(path, &failed, NULL);
	}
	for (size_t i = 0; i < plan->count; i++)
		if (plan->tests[i].is_unsure)
			report(&plan->tests[i],
			       is_listed(failed, plan->tests[i].name) ? "failed" : "passed",
			       client);
}

static const struct plan_test *find_by_command(const struct plan *plan, const cJSON *command)
{
	for (size_t i = 0; i < plan->count; i++)
		if (cJSON_Compare(plan->tests[i].arguments, command, true))
			return &plan->tests[i];
	return NULL;
}

/* Returns the outcome, if the exit status does not tell it; otherwise NULL. */
static const char *meson_outcome(const char *result, bool is_unsure)
{
	static const struct {
		const char *result, *outcome;
		bool always;
	} outcomes[] = {
		{"OK", "passed", false},           {"FAIL", "failed", false},
		{"SKIP", "skipped", false},        {"ERROR", "error", false},
		{"EXPECTEDFAIL", "skipped", true}, {"UNEXPECTEDPASS", "failed", true},
	};

	for (size_t i = 0; result && i < ARRAY_SIZE(outcomes); i++)
		if (streq(result, outcomes[i].result) && (is_unsure || outcomes[i].always))
			return outcomes[i].outcome;
	return NULL;
}

/* testlog.json has one line of JSON for each test. */
static void report_meson(const struct plan *plan, uint64_t since_ns, struct span_client *client)
{
	_cleanup_free_ char *path = xasprintf("%s/meson-logs/testlog.json", plan->directory);
	_cleanup_free_ char *log = NULL;
	struct stat status;
	char *rest;

	if (stat(path, &status) < 0 || (uint64_t)status.st_mtim.tv_sec < since_ns / NSEC_PER_SEC ||
	    read_file(path, &log, NULL) < 0)
		return;
	for (char *line = strtok_r(log, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		cJSON *json = cJSON_Parse(line);
		const struct plan_test *test =
			find_by_command(plan, cJSON_GetObjectItemCaseSensitive(json, "command"));
		const char *outcome = test ? meson_outcome(text(json, "result"), test->is_unsure)
					   : NULL;

		if (outcome)
			report(test, outcome, client);
		cJSON_Delete(json);
	}
}

void plan_report(const struct plan *plan, uint64_t since_ns, struct span_client *client)
{
	if (!plan->count || !plan->directory)
		return;
	if (plan->kind == PLAN_CTEST)
		report_ctest(plan, since_ns, client);
	else
		report_meson(plan, since_ns, client);
	span_client_wait_read(client, now_ns(CLOCK_MONOTONIC) + 100 * NSEC_PER_MSEC);
}
