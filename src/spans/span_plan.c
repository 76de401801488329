/* The plan: command lines of tests that a runner will start. A process that executes one of them becomes a span. */
#include "spans/span_plan.h"

#include <stdlib.h>

#include "abi.h"
#include "base/hash.h"
#include "base/util.h"
#include "model/image.h"

#define HASHED_BYTES 256 /* of a command line; the rest is compared */
#define SAME_MAX     64 /* the most tests of one command line that a search considers */
#define NAMES_BYTES  1024

struct span_plan {
	struct span_plan *next;
	struct lineage *owner; /* owned reference: only its descendants start the test */
	struct bytes arguments; /* each with its NUL, at most ARGV_MAX_BYTES */
	char *id, *name, *runner, *file; /* owned; file and runner may be NULL: not given */
	uint32_t line, starts;
	int skip_code, error_code; /* -1: none */
	bool will_fail, is_unsure, is_for_automake;
};

/* -- The table ------------------------------------------------------------------------------------- */

static uint32_t bucket_of(const char *arguments, size_t size)
{
	return hash_bytes(arguments, MIN(size, (size_t)HASHED_BYTES)) % SPAN_PLAN_BUCKETS;
}

static struct bytes join_arguments(const cJSON *array)
{
	struct bytes joined = {.data = xcalloc(1, ARGV_MAX_BYTES + 1)};
	const cJSON *word;

	cJSON_ArrayForEach(word, array) {
		size_t size = cJSON_IsString(word) ? strlen(word->valuestring) + 1 : 0;

		size = MIN(size, ARGV_MAX_BYTES - joined.size);
		if (size)
			memcpy(joined.data + joined.size, word->valuestring, size);
		joined.size += size;
	}
	return joined;
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

bool span_plan_add(struct span_plans *plans, struct lineage_table *table,
		   const struct span_message *message)
{
	struct span_plan *plan, **bucket;

	if (plans->count >= SPAN_PLANS_MAX)
		return false;
	plan = xcalloc(1, sizeof(*plan));
	plan->owner = lineage_of_sender(table, message->sender_pid, message->received_ns);
	plan->arguments = join_arguments(message->arguments);
	plan->id = xstrdup(message->id);
	plan->name = xstrdup(message->name);
	plan->runner = copy(message->runner);
	plan->file = copy(message->file);
	plan->line = message->line;
	plan->skip_code = message->skip_code;
	plan->error_code = message->error_code;
	plan->will_fail = message->will_fail;
	plan->is_unsure = message->is_unsure;
	plan->is_for_automake = message->is_for_automake;
	bucket = &plans->by_arguments[bucket_of(plan->arguments.data, plan->arguments.size)];
	plan->next = *bucket;
	*bucket = plan;
	plans->count++;
	return true;
}

void span_plans_free(struct span_plans *plans, struct lineage_table *table)
{
	for (unsigned i = 0; i < SPAN_PLAN_BUCKETS; i++) {
		while (plans->by_arguments[i]) {
			struct span_plan *plan = plans->by_arguments[i];

			plans->by_arguments[i] = plan->next;
			lineage_unref(table, plan->owner);
			bytes_done(&plan->arguments);
			free(plan->id);
			free(plan->name);
			free(plan->runner);
			free(plan->file);
			free(plan);
		}
	}
}

/* -- Execs ----------------------------------------------------------------------------------------- */

/* Not through another planned test, which may start any program for its own purposes. */
static bool is_started_for(struct lineage_table *table, struct lineage *process,
			   const struct lineage *owner)
{
	while (process && process != owner) {
		process = lineage_parent(table, process);
		if (process && process != owner && process->planned)
			return false;
	}
	return process != NULL;
}

struct arguments {
	const char *data;
	size_t size;
	bool truncated;
};

static bool has_arguments(const struct span_plan *plan, const struct arguments *arguments)
{
	size_t size = arguments->size;

	if (arguments->truncated ? plan->arguments.size < size : plan->arguments.size != size)
		return false;
	return size && memcmp(plan->arguments.data, arguments->data, size) == 0;
}

/* Where the test of a process is searched. */
struct search {
	struct span_plans *plans;
	struct lineage_table *table;
	struct lineage *process;
};

/* Finds the possible tests, the first announced one first; the list of equal ones has the last announced one first. */
static size_t find(const struct search *search, const struct arguments *arguments,
		   struct span_plan *ret[SAME_MAX])
{
	uint32_t bucket = bucket_of(arguments->data, arguments->size);
	size_t count = 0;

	for (struct span_plan *plan = search->plans->by_arguments[bucket]; plan && count < SAME_MAX;
	     plan = plan->next)
		if (has_arguments(plan, arguments) &&
		    is_started_for(search->table, search->process, plan->owner))
			ret[count++] = plan;
	for (size_t i = 0; i < count / 2; i++) {
		struct span_plan *swapped = ret[i];

		ret[i] = ret[count - 1 - i];
		ret[count - 1 - i] = swapped;
	}
	return count;
}

/*
 * The kernel executes a script as "/INTERPRETER [ARGUMENT] SCRIPT..." (fs/binfmt_script.c). So up to two words may precede
 * those of the plan, and the first one is an absolute path.
 */
static size_t find_script(const struct search *search, const struct record_exec *record,
			  struct span_plan *ret[SAME_MAX])
{
	struct arguments rest = {record->data, record->argv_bytes, record->argv_truncated};
	size_t count = find(search, &rest, ret);

	for (unsigned i = 0; !count && i < 2 && record->data[0] == '/'; i++) {
		size_t length = strnlen(rest.data, rest.size);

		if (length >= rest.size)
			break;
		rest.data += length + 1;
		rest.size -= length + 1;
		count = find(search, &rest, ret);
	}
	return count;
}

/* "one or other": several tests have the same command line, and nothing tells which of them this is. */
static char *all_names(struct span_plan *const *plans, size_t count)
{
	char *names = xstrdup(plans[0]->name);

	for (size_t i = 1; i < count && strlen(names) < NAMES_BYTES; i++) {
		char *longer = xasprintf("%s or %s", names, plans[i]->name);

		free(names);
		names = longer;
	}
	return names;
}

const struct span_plan *span_plan_find(struct span_plans *plans, struct lineage_table *table,
				       struct lineage *process, const struct record_exec *record,
				       struct span_message *ret_message, char **ret_name)
{
	const struct search search = {plans, table, process};
	struct span_plan *found[SAME_MAX];
	size_t count = plans->count ? find_script(&search, record, found) : 0;

	if (!count)
		return NULL;
	found[0]->starts++;
	*ret_name = all_names(found, count);
	*ret_message = (struct span_message){
		.event = SPAN_BEGIN,
		.id = found[0]->id,
		.name = *ret_name,
		.runner = found[0]->runner,
		.file = found[0]->file,
		.line = count == 1 ? found[0]->line : 0,
		.attempt = count == 1 && found[0]->starts > 1 ? found[0]->starts : 0,
	};
	return found[0];
}

/* The outcome as automake's test-driver judges it: for a signal, status is that of a shell. */
static enum span_outcome automake_outcome(const struct span_plan *plan, int status)
{
	if (status == plan->skip_code)
		return SPAN_SKIPPED;
	if (status == plan->error_code)
		return SPAN_ERROR;
	if (plan->will_fail)
		return status == 0 ? SPAN_FAILED : SPAN_SKIPPED;
	return status == 0 ? SPAN_PASSED : SPAN_FAILED;
}

enum span_outcome span_plan_outcome(const struct span_plan *plan, int exit_signal, int exit_code)
{
	if (plan->is_for_automake && !plan->is_unsure)
		return automake_outcome(plan, exit_signal ? 128 + exit_signal : exit_code);
	if (exit_signal || (!plan->is_unsure && exit_code == plan->error_code))
		return SPAN_ERROR;
	if (exit_code == plan->skip_code)
		return SPAN_SKIPPED;
	/* The runner also judges the test's output, and will report the outcome. */
	if (plan->is_unsure)
		return SPAN_UNKNOWN;
	return (exit_code == 0) != plan->will_fail ? SPAN_PASSED : SPAN_FAILED;
}
