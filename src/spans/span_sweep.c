/* The sweep: takes the events of a run in order of time and finds the span of each stall. */
#include <stdlib.h>

#include "base/util.h"
#include "spans/span_tables.h"

/* The search for a span that encloses all others gives up with more tests than this at once in one process. */
#define ENCLOSING_MAX 1024

/* -- The queue: a heap with the earliest event on top; of equal times, the first to arrive ----------- */

static bool earlier(const struct span_queued *one, const struct span_queued *other)
{
	return one->time_ns != other->time_ns ? one->time_ns < other->time_ns
					      : one->order < other->order;
}

static bool has_room(const struct spans *spans, enum span_queued_kind kind)
{
	return spans->queue_count < SPAN_EVENTS_MAX &&
	       ((kind != QUEUED_STALL && kind != QUEUED_PROCESS_END) ||
		spans->queued[kind] < SPAN_QUEUED_MAX);
}

void span_queue(struct model *model, uint64_t time_ns, enum span_queued_kind kind, void *what)
{
	struct spans *spans = model->spans;
	struct span_queued queued = {.order = spans->queue_order++, .kind = kind};
	size_t at;

	while (!has_room(spans, kind))
		span_sweep_one(model);
	spans->queued[kind]++;
	/* The sweep does not go back: a late event gets the current time of the sweep. */
	queued.time_ns = MAX(time_ns, spans->swept_ns);
	if (kind == QUEUED_STALL)
		queued.stall = what;
	else if (kind == QUEUED_GUESS)
		queued.guess = what;
	else if (kind == QUEUED_WAITS)
		queued.waits = what;
	else if (kind == QUEUED_PROCESS_END)
		queued.process = what;
	else
		queued.span = what;
	if (spans->queue_count == spans->queue_capacity) {
		spans->queue_capacity = MAX(spans->queue_capacity * 2, (size_t)256);
		spans->queue =
			xreallocarray(spans->queue, spans->queue_capacity, sizeof(*spans->queue));
	}
	for (at = spans->queue_count++; at && earlier(&queued, &spans->queue[(at - 1) / 2]);
	     at = (at - 1) / 2)
		spans->queue[at] = spans->queue[(at - 1) / 2];
	spans->queue[at] = queued;
}

static struct span_queued take_earliest(struct spans *spans)
{
	struct span_queued *queue = spans->queue, first = queue[0],
			   last = queue[--spans->queue_count];
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= spans->queue_count)
			break;
		if (child + 1 < spans->queue_count && earlier(&queue[child + 1], &queue[child]))
			child++;
		if (!earlier(&queue[child], &last))
			break;
		queue[at] = queue[child];
		at = child;
	}
	queue[at] = last;
	spans->queued[first.kind]--;
	return first;
}

/* -- Open spans of a process ------------------------------------------------------------------------- */

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
	for (; process; process = lineage_parent(&spans->lineage, process)) {
		struct span *owner = process->open.count ? owner_in(process, tid) : NULL;

		if (owner)
			return owner;
		tid = 0;
	}
	return NULL;
}

/*
 * If a process has several open spans that do not give their threads, a stall counts only in the span that encloses all of
 * them, and each of them becomes ambiguous: the stall may be its own. Short waits (NULL for a stall) may belong to each.
 */
static void tell_those_beside(struct spans *spans, struct lineage *process,
			      const struct span *owner, uint32_t tid,
			      const struct span_waits *waits)
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

		if (span->tid || encloses(span, owner))
			continue;
		if (waits)
			span_add_waits(span, waits);
		else
			span->ambiguous = true;
	}
}

/* -- Events ------------------------------------------------------------------------------------------ */

/*
 * The parent of a new span without a parent id: the open span around it. If messages give threads, a span of another
 * thread is beside it, not around it.
 */
static struct span *find_enclosing(struct spans *spans, const struct span *span)
{
	struct lineage *process = span->process;
	struct span *around;

	if (!span->tid)
		return owner_of(spans, process, 0);
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
		parent = span_by_id(spans, span->parent_id, span->process, REACH_NOT_SETTLED);
	/* This cannot find the span itself, as it is not open yet. */
	if (!parent || parent->stage != SPAN_OPEN)
		parent = find_enclosing(spans, span);
	while (parent && parent->depth + 1 >= SPAN_DEPTH_MAX)
		parent = parent->parent;
	return parent;
}

static void begin(struct spans *spans, struct span *span)
{
	struct span *parent;

	if (span->stage != SPAN_NOT_BEGUN)
		return;
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

static void settle(struct model *model, struct span *span)
{
	if (span_close(span))
		span_settled(model, span);
}

static void settle_unended(struct model *model, struct span *span, uint64_t end_ns, bool failed,
			   bool run_is_over)
{
	if (!span->ended)
		span->end_ns = MAX(end_ns, span->start_ns);
	if (span->guessed)
		end_guessed(span, failed, run_is_over);
	else if (span->outcome == SPAN_NO_OUTCOME)
		span->outcome = failed ? SPAN_ERROR : SPAN_UNKNOWN;
	settle(model, span);
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

/* Settles the spans of a process that ended. A span whose end has arrived stays: its end is in the queue. */
static void settle_list(struct model *model, struct lineage *process, const struct span_list *list)
{
	for (size_t i = list->count; i--;)
		if (!list->entries[i].span->ended)
			settle_unended(model, list->entries[i].span, process->end_ns,
				       process->failed, false);
}

static void process_ended(struct model *model, struct lineage *process)
{
	add_cpu_time(model->spans, process);
	settle_list(model, process, &process->open);
	settle_list(model, process, &process->paused);
	lineage_settle(&model->spans->lineage, process);
}

static void free_stall(struct spans *spans, struct span_stall *stall)
{
	if (stall->stall)
		stall->stall->queued = NULL;
	lineage_unref(&spans->lineage, stall->process);
	free(stall);
}

static void free_waits(struct spans *spans, struct span_waits *waits)
{
	lineage_unref(&spans->lineage, waits->process);
	free(waits);
}

static void attribute(struct spans *spans, struct span_stall *stall)
{
	struct span *owner = stall->process ? owner_of(spans, stall->process, stall->tid) : NULL;

	if (stall->process)
		tell_those_beside(spans, stall->process, owner, stall->tid, NULL);
	if (owner && stall->stall)
		stall->stall->span = span_ref(owner);
	for (struct span *span = owner; span; span = span->parent)
		if (span->stage == SPAN_OPEN)
			span_add_stall(span, stall);
	free_stall(spans, stall);
}

static void attribute_waits(struct spans *spans, struct span_waits *waits)
{
	struct span *owner = owner_of(spans, waits->process, waits->tid);

	tell_those_beside(spans, waits->process, owner, waits->tid, waits);
	for (struct span *span = owner; span; span = span->parent)
		if (span->stage == SPAN_OPEN)
			span_add_waits(span, waits);
	free_waits(spans, waits);
}

static void guess(struct model *model, struct span_guess *guess, uint64_t time_ns)
{
	struct span *span = span_guessed(model, guess, time_ns);

	if (span)
		begin(model->spans, span);
}

static void sweep_span(struct model *model, enum span_queued_kind kind, struct span *span)
{
	struct spans *spans = model->spans;

	if (kind == QUEUED_BEGIN)
		begin(spans, span);
	else if (kind == QUEUED_END)
		settle(model, span);
	else if (!(kind == QUEUED_PAUSE ? span_pause(span) : span_resume(span)))
		spans->gone.losses[SPAN_LOSS_UNKNOWN]++;
}

void span_sweep_one(struct model *model)
{
	struct spans *spans = model->spans;
	struct span_queued queued = take_earliest(spans);

	spans->swept_ns = MAX(spans->swept_ns, queued.time_ns);
	switch ((enum span_queued_kind)queued.kind) {
	case QUEUED_BEGIN:
	case QUEUED_END:
	case QUEUED_PAUSE:
	case QUEUED_RESUME:
		sweep_span(model, queued.kind, queued.span);
		span_unref(model, queued.span);
		return;
	case QUEUED_STALL:
		attribute(spans, queued.stall);
		return;
	case QUEUED_PROCESS_END:
		process_ended(model, queued.process);
		return;
	case QUEUED_WAITS:
		attribute_waits(spans, queued.waits);
		return;
	case QUEUED_GUESS:
		guess(model, queued.guess, queued.time_ns);
		return;
	case QUEUED_KINDS:
		return;
	}
}

bool model_spans_sweep(struct model *model, uint64_t before_ns, size_t most)
{
	struct spans *spans = model->spans;

	for (; spans->queue_count && spans->queue[0].time_ns < before_ns; most--) {
		if (!most)
			return true;
		span_sweep_one(model);
	}
	if (before_ns != UINT64_MAX)
		spans->swept_ns = MAX(spans->swept_ns, before_ns);
	return false;
}

void model_spans_settle(struct model *model, uint64_t before_ns, uint64_t end_ns)
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
		if (span->stage != SPAN_SETTLED)
			left[count++] = span;
	for (size_t i = 0; i < count; i++)
		settle_unended(model, left[i], end_ns, false, true);
}

/* -- Processes and stalls ------------------------------------------------------------------------------ */

static void end_planned(struct model *model, struct span *span, uint64_t end_ns, int exit_signal,
			int exit_code)
{
	const struct span_message message = {
		.event = SPAN_END,
		.outcome = span_plan_outcome(span->plan, exit_signal, exit_code),
		.time_ns = end_ns,
		.received_ns = end_ns,
	};

	span_end_of(model, span, &message);
}

void span_process_ended(struct model *model, const struct process *ended)
{
	struct span *planned;
	struct lineage *process = lineage_ended(&model->spans->lineage, ended->host_pid,
						ended->end_ns,
						ended->exit_signal || ended->exit_code);

	if (!process)
		return;
	process->cpu_ns = ended->ended.runtime_ns;
	process->uid = ended->uid;
	planned = steal_ptr(process->planned);
	span_queue(model, ended->end_ns, QUEUED_PROCESS_END, process);
	/* Queue the span's end after that of the process, as only open spans get its CPU time. */
	if (planned && !planned->ended && planned->stage != SPAN_SETTLED)
		end_planned(model, planned, ended->end_ns, ended->exit_signal, ended->exit_code);
	span_unref(model, planned);
}

void span_stalled(struct model *model, struct stall *stall)
{
	struct spans *spans = model->spans;
	struct lineage *process =
		lineage_of_host(&spans->lineage, stall->id.host_pid, stall->start_ns);

	if (strncmp(stall->comm, SPAN_HELPER_COMM, sizeof(SPAN_HELPER_COMM)) == 0)
		process = NULL;
	stall->queued = span_stall_new(stall, lineage_ref(process));
	span_queue(model, stall->start_ns + stall->duration_ns / 2, QUEUED_STALL, stall->queued);
}

/* Ignores helpers: their waits do not delay a test. */
void span_waits(struct model *model, const struct record_off_cpu *record)
{
	struct spans *spans = model->spans;
	struct lineage *process =
		lineage_of_host(&spans->lineage, record->id.host_pid, record->since_ns);
	uint64_t wait_ns = 0, sum_ns = 0;
	struct span_waits *waits;

	for (unsigned i = 0; i < WAIT_CLASSES; i++) {
		wait_ns += record->wait_ns[i];
		sum_ns += record->short_wait_ns[i];
	}
	if (wait_ns < model->cpu_threshold_ns)
		sum_ns += wait_ns; /* a longer wait is a stall and has a record of its own */
	if (!process || !sum_ns || record->since_ns >= record->header.time_ns ||
	    strncmp(record->comm, SPAN_HELPER_COMM, sizeof(SPAN_HELPER_COMM)) == 0)
		return;
	if (spans->queued[QUEUED_WAITS] >= SPAN_QUEUED_MAX) {
		spans->gone.losses[SPAN_LOSS_WAITS]++;
		return;
	}
	waits = xmalloc(sizeof(*waits));
	*waits = (struct span_waits){
		.process = lineage_ref(process),
		.from_ns = record->since_ns,
		.until_ns = record->header.time_ns,
		.sum_ns = sum_ns,
		.tid = record->id.tid,
	};
	span_queue(model, waits->from_ns + (waits->until_ns - waits->from_ns) / 2, QUEUED_WAITS,
		   waits);
}

void span_stall_dropped(struct model *model, struct stall *stall)
{
	if (stall->queued)
		stall->queued->stall = NULL;
	span_unref(model, stall->span);
}

void span_sweep_free(struct spans *spans)
{
	for (size_t i = 0; i < spans->queue_count; i++) {
		if (spans->queue[i].kind == QUEUED_STALL)
			free_stall(spans, spans->queue[i].stall);
		if (spans->queue[i].kind == QUEUED_GUESS)
			span_guess_free(spans, spans->queue[i].guess);
		if (spans->queue[i].kind == QUEUED_WAITS)
			free_waits(spans, spans->queue[i].waits);
	}
	free(spans->queue);
}
