/* Spans that nobody told of: guessed from what is executed, and dropped where the runner tells them itself. */
#include <stdlib.h>

#include "base/util.h"
#include "spans/span_tables.h"
#include "model/tables.h"

/* Takes the hint over. */
static void queue_guess(struct model *model, const struct task_id *id, uint64_t time_ns,
			struct span_hint *hint)
{
	struct spans *spans = model->spans;
	struct lineage *process = lineage_of_host(&spans->lineage, id->host_pid, time_ns);
	struct span_guess *guess;

	if (!process) {
		span_hint_done(hint);
		return;
	}
	guess = xcalloc(1, sizeof(*guess));
	guess->process = lineage_ref(process);
	guess->hint = *hint;
	span_queue(model, time_ns, QUEUED_GUESS, guess);
}

void span_executed(struct model *model, const struct record_exec *record)
{
	struct span_hint hint;

	if (span_hint_of_arguments(record->data, record->argv_bytes, &hint))
		queue_guess(model, &record->id, record->header.time_ns, &hint);
}

void span_environment(struct model *model, const struct record_environment *record)
{
	const struct process *process = process_find(model, record->id.host_pid);
	struct span_hint hints[SPAN_HINTS_MAX];
	size_t count;

	/* It tells itself of what it starts. */
	if (process && streq(process->comm, "latwrap"))
		return;
	count = span_hints_of_environment(record->data, record->data_bytes,
					  model->resolvers.is_inherited, model->resolvers.context,
					  hints);

	for (size_t i = 0; i < count; i++)
		queue_guess(model, &record->id, record->header.time_ns, &hints[i]);
}

static bool is_of(const struct span *span, const struct span_hint *hint)
{
	/* A wrapper for cargo may be used by nextest. */
	bool same_runner = span->runner &&
			   (streq(span->runner, hint->runner) ||
			    (streq(span->runner, "nextest") && streq(hint->runner, "cargo")));

	return same_runner && (!span->guessed || streq(span->name.data, hint->name) ||
			       streq(hint->runner, "cargo"));
}

/* By the runner itself, or it is the same test: its processes all have the variable. */
static bool is_told(struct spans *spans, const struct span_guess *guess)
{
	struct lineage *process = guess->process;

	for (; process; process = lineage_parent(&spans->lineage, process))
		for (size_t i = process->open.count; i--;)
			if (is_of(process->open.entries[i].span, &guess->hint))
				return true;
	return false;
}

void span_guess_free(struct spans *spans, struct span_guess *guess)
{
	lineage_unref(&spans->lineage, guess->process);
	span_hint_done(&guess->hint);
	free(guess);
}

struct span *span_guessed(struct model *model, struct span_guess *guess, uint64_t time_ns)
{
	struct spans *spans = model->spans;
	struct lineage *process = guess->process;
	const struct span_message message = {
		.event = SPAN_BEGIN,
		.name = guess->hint.name,
		.file = guess->hint.file,
		.runner = guess->hint.runner,
	};
	struct span *span = NULL;

	/* One that has ended before its exec was told, as a lost record can have it, ends nothing more. */
	if (!process->settled && !is_told(spans, guess))
		span = span_add(model, &message, process);
	if (span) {
		span->start_ns = time_ns;
		span->guessed = true;
		span->is_process = guess->hint.is_test;
	}
	span_guess_free(spans, guess);
	return span;
}
