/* Guesses spans from executed programs, for tests without messages; drops a guess if the runner reports the test. */
#include <stdlib.h>

#include "base/util.h"
#include "spans/span_tables.h"
#include "model/tables.h"

/* Takes ownership of the hint. */
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

	/* A latwrap reports its own tests. */
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
	/* nextest may use the wrapper for cargo. */
	bool same_runner = span->runner &&
			   (streq(span->runner, hint->runner) ||
			    (streq(span->runner, "nextest") && streq(hint->runner, "cargo")));

	return same_runner && (!span->guessed || streq(span->name.data, hint->name) ||
			       streq(hint->runner, "cargo"));
}

/*
 * Whether an open span already stands for the guess: the runner's own span, or a guess for the same test, as all processes of
 * a test inherit the variable.
 */
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

	/* After a lost record, a process may have ended before its exec arrives: it could not end the span any more. */
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
