/* The spans in memory: finds them by id, counts their references, and drops the least interesting final ones. */
#include "spans/span_tree.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/heap.h"
#include "base/util.h"
#include "spans/span_stalls.h"

#define SAME_ID_MAX 256

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
		    (reach != REACH_IN_MEMORY && span->stage == SPAN_FINAL))
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

bool span_tree_is_full(const struct spans *spans)
{
	return spans->live_count >= SPAN_LIVE_MAX;
}

struct span *span_add(struct spans *spans, const struct span_message *message,
		      struct lineage *process)
{
	struct span *span;

	if (span_tree_is_full(spans)) {
		spans->gone.losses[SPAN_LOSS_REFUSED]++;
		return NULL;
	}
	span = span_new(++spans->last_number, message, lineage_ref(process));
	add_id(spans, span);
	spans->begun++;
	span->next = spans->all;
	if (spans->all)
		spans->all->previous = span;
	spans->all = span;
	spans->memory_count++;
	spans->live_count++;
	return span;
}

static void count_test(struct span_counts *counts, const struct span *span)
{
	if (!span->has_tests && span->outcome != SPAN_NO_OUTCOME)
		counts->outcomes[span->outcome]++;
}

/* Counts a span before it is freed, as the counts must stay exact. */
static void count_gone(struct spans *spans, const struct span *span)
{
	count_test(&spans->gone, span);
	passed_gone(&spans->passed, span);
	spans->gone.failed_gone += !span->has_tests && span_has_failed(span);
}

/* Whether the span can go: nothing refers to it, and the sweep has passed it. */
static bool is_released(const struct span *span)
{
	return !span->references && span->stage == SPAN_FINAL;
}

/* Returns the parent if this was the last reference to it; else NULL. */
static struct span *drop_span(struct spans *spans, struct span *span)
{
	struct span *parent = span->parent;

	count_gone(spans, span);
	spans->begun -= span->cancelled;
	remove_id(spans, span);
	if (span->next)
		span->next->previous = span->previous;
	if (span->previous)
		span->previous->next = span->next;
	else
		spans->all = span->next;
	spans->memory_count--;
	span_free(span);
	if (!parent)
		return NULL;
	parent->references--;
	return is_released(parent) ? parent : NULL;
}

/* -- Final spans: a heap of those that nothing refers to; the least interesting on top ----------- */

static bool less_interesting(const void *a, const void *b)
{
	const struct span *one = *(struct span *const *)a, *other = *(struct span *const *)b;
	uint64_t one_ns = span_stalled_ns(one), other_ns = span_stalled_ns(other);

	if (span_has_failed(one) != span_has_failed(other))
		return span_has_failed(other);
	if (one_ns != other_ns)
		return one_ns < other_ns;
	return one->number > other->number;
}

static void push_final(struct spans *spans, struct span *span)
{
	spans->heap[spans->heap_count++] = span;
	heap_up(spans->heap, spans->heap_count - 1, sizeof(struct span *), less_interesting);
}

static struct span *take_final(struct spans *spans, size_t index)
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

/* The outcome of a final span changes, and with it the span's place in the heap. */
void span_set_late_outcome(struct spans *spans, struct span *span, enum span_outcome outcome)
{
	size_t index = 0;
	bool is_kept;

	while (index < spans->heap_count && spans->heap[index] != span)
		index++;
	is_kept = index < spans->heap_count;
	if (is_kept)
		take_final(spans, index);
	span->outcome = outcome;
	if (is_kept)
		push_final(spans, span);
}

static void keep_or_drop(struct spans *spans, struct span *span)
{
	if (!spans->heap)
		spans->heap = xcalloc(spans->rows + 1, sizeof(struct span *));
	while (span) {
		if (span->cancelled) {
			span = drop_span(spans, span);
			continue;
		}
		push_final(spans, span);
		span = spans->heap_count > spans->rows ? drop_span(spans, take_final(spans, 0))
						       : NULL;
	}
}

struct span *span_ref(struct span *span)
{
	span->references++;
	return span;
}

void span_unref(struct spans *spans, struct span *span)
{
	if (!span)
		return;
	span->references--;
	if (is_released(span))
		keep_or_drop(spans, span);
}

void span_count_contradiction(struct spans *spans, const struct span *span)
{
	spans->gone.losses[SPAN_LOSS_PRINTED] += span->contradicted && !span->cancelled;
}

void span_finalized(struct spans *spans, struct span *span)
{
	lineage_unref(&spans->lineage, steal_ptr(span->process));
	spans->live_count--;
	span_count_contradiction(spans, span);
	if (span->parent && (span->outcome != SPAN_NO_OUTCOME || span->has_tests))
		span->parent->has_tests = true;
	if (is_released(span))
		keep_or_drop(spans, span);
}

struct span **span_tree_list(const struct spans *spans, size_t *ret_count)
{
	struct span **all = xcalloc(spans->memory_count + 1, sizeof(struct span *));
	size_t count = 0;

	for (struct span *span = spans->all; span; span = span->next)
		all[count++] = span;
	*ret_count = count;
	return all;
}

void span_tree_free(struct spans *spans)
{
	while (spans->all) {
		struct span *span = spans->all;

		spans->all = span->next;
		lineage_unref(&spans->lineage, span->process);
		span_free(span);
	}
	free(spans->heap);
	free(spans->passed);
}
