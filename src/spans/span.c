/* The spans of a run: takes messages, and keeps a bounded tree of spans with exact counts. */
#include "spans/span.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/heap.h"
#include "base/util.h"
#include "spans/span_tables.h"

#define NAME_BYTES  1024
#define WORD_BYTES  64
#define SAME_ID_MAX 256

/* -- Strings of senders ---------------------------------------------------------------------------- */

/* Copies at most max_bytes; cuts UTF-8 text between two characters. */
static struct bytes copy_cut(const char *text, size_t max_bytes)
{
	static const char mark[] = "...";
	size_t size = strlen(text);
	struct bytes copy;

	if (size <= max_bytes)
		return bytes_copy(text, size);
	size = max_bytes - strlen(mark);
	for (unsigned i = 0; i < 3 && ((unsigned char)text[size] & 0xc0) == 0x80; i++)
		size--;
	copy = (struct bytes){.data = xasprintf("%.*s%s", (int)size, text, mark)};
	copy.size = strlen(copy.data);
	return copy;
}

static char *copy_word(const char *text, size_t max_bytes)
{
	return text ? copy_cut(text, max_bytes).data : NULL;
}

/* -- By id ----------------------------------------------------------------------------------------- */

static struct span **id_bucket(struct spans *spans, const char *id)
{
	return &spans->by_id[hash_string(id) % SPAN_ID_BUCKETS];
}

/*
 * Senders choose ids. Among equal ids, a span of the same process comes first, then the last one that began. The search is
 * limited, as a sender could give all spans the same id.
 */
struct span *span_by_id(const struct spans *spans, const char *id, const struct lineage *process,
			enum span_reach reach)
{
	struct span *best = NULL, *span = *id_bucket((struct spans *)spans, id);

	for (unsigned i = 0; span && i < SAME_ID_MAX; i++, span = span->next_by_id) {
		if (!streq(span->id, id) || (reach == REACH_NOT_ENDED && span->ended) ||
		    (reach != REACH_IN_MEMORY && span->stage == SPAN_SETTLED))
			continue;
		if (span->process == process)
			return span;
		if (!best)
			best = span;
	}
	return best;
}

static void add_id(struct spans *spans, struct span *span)
{
	struct span **bucket = id_bucket(spans, span->id);

	span->next_by_id = *bucket;
	if (*bucket)
		(*bucket)->previous_by_id = span;
	*bucket = span;
}

static void remove_id(struct spans *spans, struct span *span)
{
	if (span->next_by_id)
		span->next_by_id->previous_by_id = span->previous_by_id;
	if (span->previous_by_id)
		span->previous_by_id->next_by_id = span->next_by_id;
	else
		*id_bucket(spans, span->id) = span->next_by_id;
}

/* -- In memory ------------------------------------------------------------------------------------- */

/* Takes ownership of the reference to process. */
static struct span *add_span(struct spans *spans, const struct span_message *message,
			     struct lineage *process)
{
	struct span *span = xcalloc(1, sizeof(*span));
	const char *id = message->id ? message->id : "";

	span->number = ++spans->begun;
	span->name = copy_cut(message->name ? message->name : id, NAME_BYTES);
	span->id = xstrdup(id);
	span->parent_id = message->parent ? xstrdup(message->parent) : NULL;
	span->runner = copy_word(message->runner, WORD_BYTES);
	span->file = copy_word(message->file, NAME_BYTES);
	span->worker = copy_word(message->worker, WORD_BYTES);
	span->line = message->line;
	span->attempt = message->attempt;
	span->tid = message->tid;
	span->pid = process->pid;
	span->process = process;
	add_id(spans, span);
	span->next = spans->all;
	if (spans->all)
		spans->all->previous = span;
	spans->all = span;
	spans->memory_count++;
	spans->live_count++;
	return span;
}

static void free_span(struct span *span)
{
	bytes_done(&span->name);
	free(span->id);
	free(span->parent_id);
	free(span->runner);
	free(span->file);
	free(span->worker);
	free(span->stalls);
	free(span->account);
	free(span);
}

static void count_test(struct span_counts *counts, const struct span *span)
{
	if (!span->has_tests && span->outcome != SPAN_NO_OUTCOME)
		counts->outcomes[span->outcome]++;
}

static bool has_failed(const struct span *span)
{
	return span->outcome == SPAN_FAILED || span->outcome == SPAN_ERROR;
}

/* Counts a span before it is freed, as the counts must stay exact. */
static void count_gone(struct spans *spans, const struct span *span)
{
	count_test(&spans->gone, span);
	if (span->has_tests || !has_failed(span))
		return;
	if (span->stalls && span->stalls->before_failure) {
		spans->gone.answers[SPAN_STALLED]++;
	} else if (span->traced && !span->ambiguous) {
		spans->gone_failed_clean++;
		spans->gone_failed_waited += span_waited(span);
	} else {
		spans->gone_failed_untraced++;
	}
}

/* Whether the span can go: nothing refers to it, and the sweep has passed it. */
static bool is_released(const struct span *span)
{
	return !span->references && span->stage == SPAN_SETTLED;
}

/* Returns the parent if this was the last reference to it; else NULL. */
static struct span *drop_span(struct spans *spans, struct span *span)
{
	struct span *parent = span->parent;

	count_gone(spans, span);
	remove_id(spans, span);
	if (span->next)
		span->next->previous = span->previous;
	if (span->previous)
		span->previous->next = span->next;
	else
		spans->all = span->next;
	spans->memory_count--;
	free_span(span);
	if (!parent)
		return NULL;
	parent->references--;
	return is_released(parent) ? parent : NULL;
}

/* -- Settled spans: a heap of those that nothing refers to; the least interesting on top ------------- */

static bool less_interesting(const void *a, const void *b)
{
	const struct span *one = *(struct span *const *)a, *other = *(struct span *const *)b;
	uint64_t one_ns = span_stalled_ns(one), other_ns = span_stalled_ns(other);

	if (has_failed(one) != has_failed(other))
		return has_failed(other);
	if (one_ns != other_ns)
		return one_ns < other_ns;
	return one->number > other->number;
}

static void push_settled(struct spans *spans, struct span *span)
{
	spans->heap[spans->heap_count++] = span;
	heap_up(spans->heap, spans->heap_count - 1, sizeof(struct span *), less_interesting);
}

static struct span *take_settled(struct spans *spans, size_t index)
{
	struct span *taken = spans->heap[index];

	spans->heap[index] = spans->heap[--spans->heap_count];
	if (index < spans->heap_count) {
		heap_up(spans->heap, index, sizeof(struct span *), less_interesting);
		heap_down(spans->heap, spans->heap_count, index, sizeof(struct span *),
			  less_interesting);
	}
	return taken;
}

/* The outcome of a settled span changes, and with it the span's place in the heap. */
static void set_late_outcome(struct spans *spans, struct span *span, enum span_outcome outcome)
{
	size_t index = 0;
	bool is_kept;

	while (index < spans->heap_count && spans->heap[index] != span)
		index++;
	is_kept = index < spans->heap_count;
	if (is_kept)
		take_settled(spans, index);
	span->outcome = outcome;
	if (is_kept)
		push_settled(spans, span);
}

static void keep_or_drop(struct spans *spans, struct span *span)
{
	if (!spans->heap)
		spans->heap = xcalloc(spans->rows + 1, sizeof(struct span *));
	while (span) {
		push_settled(spans, span);
		span = spans->heap_count > spans->rows ? drop_span(spans, take_settled(spans, 0))
						       : NULL;
	}
}

struct span *span_ref(struct span *span)
{
	span->references++;
	return span;
}

void span_unref(struct model *model, struct span *span)
{
	if (!span)
		return;
	span->references--;
	if (is_released(span))
		keep_or_drop(model->spans, span);
}

void span_settled(struct model *model, struct span *span)
{
	struct spans *spans = model->spans;

	span->account = span_account(model, span);
	lineage_unref(&spans->lineage, steal_ptr(span->process));
	spans->live_count--;
	if (span->parent && (span->outcome != SPAN_NO_OUTCOME || span->has_tests))
		span->parent->has_tests = true;
	if (is_released(span))
		keep_or_drop(spans, span);
}

/* -- Messages -------------------------------------------------------------------------------------- */

/* Limits a time to that of arrival: a sender may use the clock of another time namespace, or invent a time. */
static uint64_t sane_time(const struct span_message *message, uint64_t time_ns)
{
	return time_ns && time_ns < message->received_ns ? time_ns : message->received_ns;
}

/* The process of a message. For of_parent, the traced fork tells the sender's parent, whatever its PID namespace. */
static struct lineage *process_of(struct spans *spans, const struct span_message *message,
				  uint64_t time_ns)
{
	uint32_t pid = message->pid ? message->pid : message->sender_pid;
	struct lineage *sender, *parent;

	if (!message->of_parent)
		return lineage_of_sender(&spans->lineage, pid, time_ns);
	sender = lineage_of_sender(&spans->lineage, message->sender_pid, time_ns);
	parent = lineage_ref(lineage_parent(&spans->lineage, sender));
	lineage_unref(&spans->lineage, sender);
	return parent ? parent : lineage_of_sender(&spans->lineage, pid, time_ns);
}

static void take_phases(struct span *span, const struct span_message *message)
{
	for (unsigned i = 0; i < message->phase_count && span->phase_count < SPAN_PHASES; i++) {
		struct span_phase *phase = &span->phases[span->phase_count++];

		*phase = message->phases[i];
		phase->start_ns = sane_time(message, phase->start_ns);
	}
}

struct span *span_add(struct model *model, const struct span_message *message,
		      struct lineage *process)
{
	struct spans *spans = model->spans;

	if (spans->live_count < SPAN_LIVE_MAX)
		return add_span(spans, message, lineage_ref(process));
	spans->gone.losses[SPAN_LOSS_REFUSED]++;
	return NULL;
}

struct span *span_begin_of(struct model *model, const struct span_message *message,
			   struct lineage *process, uint64_t start_ns)
{
	struct spans *spans = model->spans;
	struct span *span;

	/* A flood of short spans shortens the window. If the spans do not end, refuse the new one. */
	while (spans->live_count >= SPAN_LIVE_MAX && spans->queue_count)
		span_sweep_one(model);
	if (spans->live_count >= SPAN_LIVE_MAX) {
		spans->gone.losses[SPAN_LOSS_REFUSED]++;
		return NULL;
	}
	span = add_span(spans, message, lineage_ref(process));
	span->start_ns = start_ns;
	if (message->event == SPAN_BEGIN && message->has_cpu_time)
		span->begun_cpu_ns = message->cpu_time_ns;
	take_phases(span, message);
	span_queue(model, start_ns, QUEUED_BEGIN, span_ref(span));
	return span;
}

static struct span *begin(struct model *model, const struct span_message *message,
			  uint64_t start_ns)
{
	struct lineage_table *table = &model->spans->lineage;
	struct lineage *process = process_of(model->spans, message, start_ns);
	struct span *span = span_begin_of(model, message, process, start_ns);

	lineage_unref(table, process);
	return span;
}

static void update(struct span *span, const struct span_message *message)
{
	take_phases(span, message);
	if (message->name) {
		bytes_done(&span->name);
		span->name = copy_cut(message->name, NAME_BYTES);
	}
	if (message->outcome != SPAN_NO_OUTCOME)
		span->outcome = message->outcome;
	if (message->failed_ns)
		span->failed_ns = sane_time(message, message->failed_ns);
	else if (message->event == SPAN_UPDATE && has_failed(span) && !span->failed_ns)
		span->failed_ns = sane_time(message, message->time_ns);
	if (message->has_cpu_time) {
		span->has_cpu_time = true;
		span->cpu_time_ns =
			message->cpu_time_ns - MIN(span->begun_cpu_ns, message->cpu_time_ns);
	}
}

void span_end_of(struct model *model, struct span *span, const struct span_message *message)
{
	update(span, message);
	span->ended = true;
	span->end_ns = MAX(sane_time(message, message->time_ns), span->start_ns);
	span_queue(model, span->end_ns, QUEUED_END, span_ref(span));
}

void model_span_message(struct model *model, const struct span_message *message)
{
	struct spans *spans = model->spans;
	uint64_t time_ns = sane_time(message, message->time_ns);
	struct lineage *process;
	struct span *span = NULL, *late = NULL;

	spans->gone.losses[SPAN_LOSS_UNSENT] += MIN(message->unsent, (uint64_t)UINT32_MAX);
	switch (message->event) {
	case SPAN_BEGIN:
		begin(model, message, time_ns);
		return;
	case SPAN_WHOLE:
		span = begin(model, message, MIN(message->start_ns, time_ns));
		if (span)
			span_end_of(model, span, message);
		return;
	case SPAN_PLAN:
		span_plan_add(model, message);
		return;
	case SPAN_UPDATE:
	case SPAN_PAUSE:
	case SPAN_RESUME:
	case SPAN_END:
		process = process_of(spans, message, time_ns);
		span = span_by_id(spans, message->id, process, REACH_NOT_ENDED);
		if (!span && message->event == SPAN_UPDATE)
			late = span_by_id(spans, message->id, process, REACH_IN_MEMORY);
		lineage_unref(&spans->lineage, process);
		break;
	}
	if (late && message->outcome != SPAN_NO_OUTCOME)
		set_late_outcome(spans, late, message->outcome);
	else if (!span)
		spans->gone.losses[SPAN_LOSS_UNKNOWN]++;
	else if (message->event == SPAN_END)
		span_end_of(model, span, message);
	else if (message->event == SPAN_PAUSE || message->event == SPAN_RESUME)
		/* Whatever the sender says, like its end this is not before its begin. */
		span_queue(model, MAX(time_ns, span->start_ns),
			   message->event == SPAN_PAUSE ? QUEUED_PAUSE : QUEUED_RESUME,
			   span_ref(span));
	else
		update(span, message);
}

void model_span_unreadable(struct model *model)
{
	model->spans->gone.losses[SPAN_LOSS_UNREADABLE]++;
}

void model_span_refused(struct model *model)
{
	model->spans->gone.losses[SPAN_LOSS_STRANGER]++;
}

bool model_is_traced(const struct model *model, uint32_t pid, uint32_t uid, uint64_t time_ns)
{
	return lineage_is_traced(&model->spans->lineage, pid, uid, time_ns);
}

/* -- For the report -------------------------------------------------------------------------------- */

void spans_free(struct model *model)
{
	struct spans *spans = model->spans;

	span_sweep_free(spans);
	while (spans->all) {
		struct span *span = spans->all;

		spans->all = span->next;
		lineage_unref(&spans->lineage, span->process);
		free_span(span);
	}
	span_plans_free(spans);
	lineage_free(&spans->lineage);
	free(spans->heap);
	free(spans);
}
