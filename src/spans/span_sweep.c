/* The sweep: takes the events of a run in order of time and finds the span of each stall. */
#include "spans/span_sweep.h"

#include <stdlib.h>

#include "base/util.h"
#include "spans/span_account.h"
#include "spans/span_guess.h"
#include "spans/span_stalls.h"
#include "spans/span_tree.h"

/* The search for a span that encloses all others gives up with more tests than this at once in one process. */
#define ENCLOSING_MAX 1024

/* -- Open spans of a process ----------------------------------------------------------------------- */

static struct span *innermost_of_thread(const struct lineage *process, uint32_t tid)
{
	const struct span_list *open = &process->open;

	for (size_t i = open->count; tid && i--;)
		if (open->entries[i].tid == tid)
			return open->entries[i].span;
	return NULL;
}

static bool encloses(const struct span *outer, const struct span *inner)
{
	while (inner && inner->depth > outer->depth)
		inner = inner->parent;
	return inner == outer;
}

static struct span *nearest_open(struct span *span)
{
	while (span && span->stage != SPAN_OPEN)
		span = span->parent;
	return span;
}

/* If the open spans of the process are nested, the innermost one; else the innermost one that encloses them all, or NULL. */
static struct span *enclosing_all(const struct lineage *process)
{
	const struct span_list *open = &process->open;
	struct span *common = open->count ? open->entries[open->count - 1].span : NULL;
	unsigned looked_at = 0;

	for (size_t i = open->count; i--;) {
		const struct span *span = open->entries[i].span;

		if (encloses(span, common))
			continue;
		if (++looked_at > ENCLOSING_MAX)
			return NULL;
		while (common && !encloses(common, span))
			common = common->parent;
		if (!common)
			return NULL;
	}
	return nearest_open(common);
}

/*
 * Only their threads distinguish several tests that run at once in one process. A stall of another thread belongs to the
 * span that encloses all of them, or to no span.
 */
static struct span *owner_in(const struct lineage *process, uint32_t tid)
{
	struct span *own = innermost_of_thread(process, tid);

	return own ? own : enclosing_all(process);
}

static struct span *owner_of(struct spans *spans, struct lineage *process, uint32_t tid)
{
	struct span *owner;

	do {
		owner = process->open.count ? owner_in(process, tid) : NULL;
		process = lineage_parent(&spans->lineage, process);
		tid = 0;
	} while (!owner && process);
	return owner;
}

/*
 * If a process has several open spans that do not give their threads, a stall counts only in the span that encloses all of
 * them, and each of them becomes ambiguous: the stall may be its own.
 */
static void mark_ambiguous(struct spans *spans, struct lineage *process, const struct span *owner,
			   uint32_t tid)
{
	unsigned looked_at = 0;

	while (process && !process->open.count) {
		process = lineage_parent(&spans->lineage, process);
		tid = 0;
	}
	if (!process || innermost_of_thread(process, tid))
		return;
	for (size_t i = process->open.count; i-- && looked_at++ < ENCLOSING_MAX;) {
		struct span *span = process->open.entries[i].span;

		if (!span->tid && !encloses(span, owner))
			span->ambiguous = true;
	}
}

/* -- Events ---------------------------------------------------------------------------------------- */

/* A program prints no tests within tests: those that overlap run at the same time. */
static bool is_beside(const struct span *span, const struct span *other)
{
	return span->printed && other && other->printed && other->process == span->process;
}

/*
 * The parent of a new span without a parent id: the open span around it. If messages give threads, a span of another
 * thread is beside it, not around it.
 */
static struct span *find_enclosing(struct spans *spans, const struct span *span)
{
	struct lineage *process = span->process;
	struct span *around;

	if (!span->tid) {
		around = owner_of(spans, process, 0);
		return is_beside(span, around) ? around->parent : around;
	}
	around = innermost_of_thread(process, span->tid);
	for (size_t i = process->open.count; !around && i--;)
		if (!process->open.entries[i].tid)
			around = process->open.entries[i].span;
	if (around)
		return around;
	process = lineage_parent(&spans->lineage, process);
	return process ? owner_of(spans, process, 0) : NULL;
}

static struct span *find_parent(struct spans *spans, const struct span *span)
{
	struct span *parent = NULL;

	if (span->parent_id)
		parent = span_by_id(spans, span->parent_id, span->process, REACH_NOT_FINAL);
	/* This cannot find the span itself, as it is not open yet. */
	if (!parent || parent->stage != SPAN_OPEN)
		parent = find_enclosing(spans, span);
	while (parent && parent->depth + 1 >= SPAN_DEPTH_MAX)
		parent = parent->parent;
	return parent;
}

/* Runners often print what others report, or have printed: the first one counts, but a report always does. */
static void note_report(struct spans *spans, const struct span *span)
{
	struct lineage *process = span->process;

	if (span->printed)
		process = lineage_parent(&spans->lineage, process);
	for (; process && !process->has_reports;
	     process = lineage_parent(&spans->lineage, process)) {
		process->has_reports = true;
		for (size_t i = process->open.count; i--;) {
			struct span *open = process->open.entries[i].span;

			/* A paused span is around no other one. */
			if (open->printed && span_pause(open))
				open->cancelled = true;
		}
	}
}

static void begin(struct spans *spans, struct span *span)
{
	struct span *parent, *owner;

	if (span->stage != SPAN_NOT_BEGUN)
		return;
	owner = span->printed ? owner_of(spans, span->process, 0) : NULL;
	/* What a test prints, or a program that it starts, is no test. */
	if (span->printed && (span->process->has_reports || (owner && !is_beside(span, owner)))) {
		span->cancelled = true;
		return;
	}
	note_report(spans, span);
	parent = find_parent(spans, span);
	span->traced = span->process->host_pid != 0;
	if (parent) {
		span->parent = span_ref(parent);
		span->depth = parent->depth + 1;
	}
	span_open(span);
}

static void end_guessed(struct span *span, bool failed, bool run_is_over)
{
	span->ended = !run_is_over;
	if (span->is_process && run_is_over)
		span->outcome = SPAN_UNKNOWN;
	else if (span->is_process)
		span->outcome = failed ? SPAN_FAILED : SPAN_PASSED;
}

static void finalize(struct model *model, struct span *span)
{
	if (!span_close(span))
		return;
	if (span->cancelled)
		span->outcome = SPAN_NO_OUTCOME;
	else
		span->account = span_account(model, span);
	span_finalized(model->spans, span);
}

static void finalize_unended(struct model *model, struct span *span, uint64_t end_ns, bool failed,
			     bool run_is_over)
{
	if (!span->ended)
		span->end_ns = MAX(end_ns, span->start_ns);
	if (span->guessed)
		end_guessed(span, failed, run_is_over);
	else if (span->outcome == SPAN_NO_OUTCOME)
		span->outcome = failed ? SPAN_ERROR : SPAN_UNKNOWN;
	finalize(model, span);
}

/* Adds the CPU time of an ended process to the span that would have its stalls, unless the process is older than the span. */
static void add_cpu_time(struct spans *spans, struct lineage *process)
{
	struct span *owner = owner_of(spans, process, 0);

	for (struct span *span = owner; span; span = span->parent) {
		bool own = span->process == process;

		if (span->stage != SPAN_OPEN ||
		    (process->start_ns < span->start_ns && !(own && span->plan)))
			continue;
		span->seen_cpu_ns += process->cpu_ns;
		span->saw_process |= own;
	}
}

/* Finalizes the spans of a process that ended. A span whose end has arrived stays: its end is in the queue. */
static void finalize_list(struct model *model, struct lineage *process,
			  const struct span_list *list)
{
	for (size_t i = list->count; i--;)
		if (!list->entries[i].span->ended)
			finalize_unended(model, list->entries[i].span, process->end_ns,
					 process->failed, false);
}

static void process_ended(struct model *model, struct lineage *process)
{
	add_cpu_time(model->spans, process);
	finalize_list(model, process, &process->open);
	finalize_list(model, process, &process->paused);
	lineage_finalize(&model->spans->lineage, process);
}

static void attribute(struct spans *spans, struct span_stall *stall)
{
	struct span *owner = stall->process ? owner_of(spans, stall->process, stall->tid) : NULL;

	if (stall->process)
		mark_ambiguous(spans, stall->process, owner, stall->tid);
	if (owner && stall->stall)
		stall->stall->span = span_ref(owner);
	for (struct span *span = owner; span; span = span->parent)
		if (span->stage == SPAN_OPEN)
			span_add_stall(span, stall);
	span_stall_free(&spans->lineage, stall);
}

static void guess(struct spans *spans, struct span_guess *guess, uint64_t time_ns)
{
	struct span *span = NULL;

	/* After a lost record, a process may have ended before its exec arrives: it could not end the span any more. */
	if (!guess->process->is_final && !span_guess_is_known(&spans->lineage, guess))
		span = span_add(spans,
				&(struct span_message){
					.event = SPAN_BEGIN,
					.name = guess->hint.name,
					.file = guess->hint.file,
					.runner = guess->hint.runner,
				},
				guess->process);
	if (span) {
		span->start_ns = time_ns;
		span->guessed = true;
		span->is_process = guess->hint.is_test;
		begin(spans, span);
	}
	span_guess_free(&spans->lineage, guess);
}

static void sweep_span(struct model *model, enum span_queued_kind kind, struct span *span)
{
	struct spans *spans = model->spans;

	if (kind == QUEUED_BEGIN)
		begin(spans, span);
	else if (kind == QUEUED_END)
		finalize(model, span);
	else if (!(kind == QUEUED_PAUSE ? span_pause(span) : span_resume(span)))
		spans->gone.losses[SPAN_LOSS_UNKNOWN]++;
}

void span_sweep_one(struct model *model)
{
	struct spans *spans = model->spans;
	struct span_queued queued = span_queue_take(&spans->queue);

	spans->swept_ns = MAX(spans->swept_ns, queued.time_ns);
	switch ((enum span_queued_kind)queued.kind) {
	case QUEUED_BEGIN:
	case QUEUED_END:
	case QUEUED_PAUSE:
	case QUEUED_RESUME:
		sweep_span(model, queued.kind, queued.span);
		span_unref(spans, queued.span);
		return;
	case QUEUED_STALL:
		attribute(spans, queued.stall);
		return;
	case QUEUED_PROCESS_END:
		process_ended(model, queued.process);
		return;
	case QUEUED_GUESS:
		guess(spans, queued.guess, queued.time_ns);
		return;
	case QUEUED_KINDS:
		return;
	}
}

void span_enqueue(struct model *model, uint64_t time_ns, enum span_queued_kind kind, void *what)
{
	struct spans *spans = model->spans;

	while (!span_queue_has_room(&spans->queue, kind))
		span_sweep_one(model);
	/* The sweep does not go back: a late event gets the current time of the sweep. */
	span_queue_add(&spans->queue, MAX(time_ns, spans->swept_ns), kind, what);
}

bool model_spans_sweep(struct model *model, uint64_t before_ns, size_t most)
{
	struct spans *spans = model->spans;

	for (; spans->queue.count && spans->queue.events[0].time_ns < before_ns; most--) {
		if (!most)
			return true;
		span_sweep_one(model);
	}
	if (before_ns != UINT64_MAX)
		spans->swept_ns = MAX(spans->swept_ns, before_ns);
	return false;
}

void model_spans_finalize(struct model *model, uint64_t before_ns, uint64_t end_ns)
{
	struct spans *spans = model->spans;
	_cleanup_free_ struct span **left = NULL;
	size_t count = 0;

	model_spans_sweep(model, before_ns, SIZE_MAX);
	if (before_ns != UINT64_MAX)
		return;
	/* The last one that began comes first, so that spans come before those that enclose them. */
	left = xcalloc(spans->live_count + 1, sizeof(struct span *));
	for (struct span *span = spans->all; span; span = span->next)
		if (span->stage != SPAN_FINAL)
			left[count++] = span;
	for (size_t i = 0; i < count; i++)
		finalize_unended(model, left[i], end_ns, false, true);
}
