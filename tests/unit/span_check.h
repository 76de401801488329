/* Invariants of the model's spans after any step, for unit tests and the fuzzer */
#pragma once

#include "base/util.h"
#include "model/model.h"
#include "spans/span_sweep.h"
#include "spans/span_tree.h"

static inline size_t times_in(const struct span_list *list, const struct span *span)
{
	size_t times = 0;

	for (size_t i = 0; list && i < list->count; i++)
		times += list->entries[i].span == span && list->entries[i].tid == span->tid;
	return times;
}

/* Spans below it, and what is queued; stalls and processes may hold more. */
static inline unsigned least_references(const struct spans *spans, const struct span *span)
{
	unsigned references = 0;

	for (const struct span *other = spans->all; other; other = other->next)
		references += other->parent == span;
	for (size_t i = 0; i < spans->queue.count; i++) {
		enum span_queued_kind kind = spans->queue.events[i].kind;

		references += (kind == QUEUED_BEGIN || kind == QUEUED_END || kind == QUEUED_PAUSE ||
			       kind == QUEUED_RESUME) &&
			      spans->queue.events[i].span == span;
	}
	return references;
}

static inline const char *fault_of(const struct spans *spans, const struct span *span)
{
	const struct lineage *process = span->process;
	bool is_kept = false;

	for (size_t i = 0; i < spans->heap_count; i++)
		is_kept |= spans->heap[i] == span;
	if ((span->stage == SPAN_FINAL) != !process)
		return "a span has a process until it is final";
	if (process && times_in(&process->open, span) != (span->stage == SPAN_OPEN))
		return "what is open is once in its process's list";
	if (process && times_in(&process->paused, span) != (span->stage == SPAN_PAUSED))
		return "what is paused is once in its process's list";
	if (span->parent && (span->parent->depth >= span->depth || span->depth >= SPAN_DEPTH_MAX))
		return "parents come to an end";
	if (span->parent && span->parent->stage == SPAN_NOT_BEGUN)
		return "a parent has begun";
	if (span->references < least_references(spans, span))
		return "who refers to a span is counted";
	if (is_kept != (span->stage == SPAN_FINAL && !span->references))
		return "the heap has what is final and nothing refers to";
	return NULL;
}

/* NULL, or the invariant that does not hold. */
static inline const char *span_fault(const struct model *model)
{
	const struct spans *spans = model->spans;
	size_t in_memory = 0, live = 0;

	for (const struct span *span = spans->all; span; span = span->next) {
		const char *fault = fault_of(spans, span);

		if (fault)
			return fault;
		in_memory++;
		live += span->stage != SPAN_FINAL;
	}
	if (in_memory != spans->memory_count || live != spans->live_count)
		return "the counts agree";
	return NULL;
}
