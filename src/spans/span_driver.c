/* Finds automake tests without a wrapper: the arguments of the test driver announce the test that it will start. */
#include "spans/span_driver.h"

#include <stdlib.h>

#include "base/util.h"
#include "model/process.h"
#include "spans/span_plan.h"
#include "spans/span_tree.h"

#define SKIP_CODE  77 /* exit codes of a test: automake's manual, "Scripts-based Testsuites" */
#define ERROR_CODE 99

/*
 * DRIVER --test-name=NAME --log-file=PATH --trs-file=PATH ... -- COMMAND...: see automake's manual, "Command-line arguments
 * for test drivers". The Makefiles write each option and its value as two words.
 */
struct driver {
	const char *name, *results, *program, *file;
	bool may_fail, soft_errors;
	bool is_told; /* the command starts with a latwrap, which reports the test */
	cJSON *command; /* owned; NULL: the arguments have no command */
};

/* Whether word is latwrap, or the wrapper that --runner=automake puts into TESTS_ENVIRONMENT (wrappers/automake/run). */
static bool is_ours(const char *word)
{
	static const char wrapper[] = "/automake/run";
	size_t length = strlen(word);

	return streq(base_name(word), "latwrap") ||
	       (length >= sizeof(wrapper) && streq(word + length - strlen(wrapper), wrapper));
}

static void take_option(struct driver *driver, const char *option, const char *value)
{
	if (streq(option, "--test-name"))
		driver->name = value;
	else if (streq(option, "--trs-file"))
		driver->results = value;
	else if (streq(option, "--expect-failure"))
		driver->may_fail = streq(value, "yes");
	else if (streq(option, "--enable-hard-errors"))
		driver->soft_errors = streq(value, "no");
}

/* A last word without a NUL is truncated. */
static void read_driver(const char *data, size_t size, struct driver *ret)
{
	const char *previous = "";

	*ret = (struct driver){0};
	for (size_t at = 0, length; at < size; at += length + 1) {
		const char *word = data + at;

		length = strnlen(word, size - at);
		if (at + length == size)
			return;
		ret->is_told |= is_ours(word);
		if (ret->command) {
			cJSON_AddItemToArray(ret->command, cJSON_CreateString(word));
			ret->file = word;
			continue;
		}
		if (streq(word, "--test-name"))
			ret->program = base_name(previous);
		if (streq(word, "--") && ret->name && ret->results)
			ret->command = cJSON_CreateArray();
		take_option(ret, previous, word);
		previous = word;
	}
}

static bool is_started_by_us(struct model *model, struct lineage *process)
{
	const struct lineage *parent = lineage_parent(&model->spans->lineage, process);
	const struct process *starter = parent ? process_find(model, parent->host_pid) : NULL;

	return starter && streq(starter->comm, "latwrap");
}

void span_driver_executed(struct model *model, const struct record_exec *record)
{
	struct spans *spans = model->spans;
	struct lineage *process =
		lineage_of_host(&spans->lineage, record->id.host_pid, record->header.time_ns);
	struct driver driver;
	char id[32];

	if (!process || process->is_driver || !record->id.pid)
		return;
	read_driver(record->data, record->argv_bytes, &driver);
	if (driver.command && driver.command->child && !driver.is_told &&
	    !is_started_by_us(model, process)) {
		const struct span_message message = {
			.event = SPAN_PLAN,
			.id = id,
			.name = driver.name,
			.runner = "automake",
			.file = driver.file,
			.arguments = driver.command,
			.skip_code = SKIP_CODE,
			.error_code = driver.soft_errors ? -1 : ERROR_CODE,
			.will_fail = driver.may_fail,
			.is_for_automake = true,
			/* Other drivers judge a test by its output, not by its exit status. */
			.is_unsure = !streq(driver.program, "test-driver"),
			.sender_pid = record->id.pid,
			.received_ns = record->header.time_ns,
		};

		snprintf(id, sizeof(id), "automake-%u", record->id.host_pid);
		if (!span_plan_add(&spans->plans, &spans->lineage, &message))
			spans->gone.losses[SPAN_LOSS_UNPLANNED]++;
		process->is_driver = true;
	}
	cJSON_Delete(driver.command);
}
