/* Moves a span to its next stage, with the lists of open and paused spans of its process; no other code changes these. */
#include "base/util.h"
#include "spans/span_tables.h"

static void add(struct span_list *list, struct span *span)
{
	if (list->count == list->capacity) {
		list->capacity = MAX(list->capacity * 2, (size_t)8);
		list->entries =
			xreallocarray(list->entries, list->capacity, sizeof(*list->entries));
	}
	list->entries[list->count++] = (struct span_entry){span, span->tid};
}

static void take(struct span_list *list, const struct span *span)
{
	size_t at = list->count;

	while (at && list->entries[at - 1].span != span)
		at--;
	if (!at)
		return;
	memmove(list->entries + at - 1, list->entries + at,
		(list->count - at) * sizeof(*list->entries));
	list->count--;
}

bool span_open(struct span *span)
{
	if (span->stage != SPAN_NOT_BEGUN)
		return false;
	add(&span->process->open, span);
	span->stage = SPAN_OPEN;
	return true;
}

bool span_pause(struct span *span)
{
	if (span->stage == SPAN_PAUSED)
		return true;
	if (span->stage != SPAN_OPEN)
		return false;
	take(&span->process->open, span);
	add(&span->process->paused, span);
	span->stage = SPAN_PAUSED;
	return true;
}

bool span_resume(struct span *span)
{
	if (span->stage == SPAN_OPEN)
		return true;
	if (span->stage != SPAN_PAUSED)
		return false;
	take(&span->process->paused, span);
	add(&span->process->open, span);
	span->stage = SPAN_OPEN;
	return true;
}

bool span_close(struct span *span)
{
	if (span->stage == SPAN_SETTLED)
		return false;
	if (span->stage == SPAN_OPEN)
		take(&span->process->open, span);
	else if (span->stage == SPAN_PAUSED)
		take(&span->process->paused, span);
	span->stage = SPAN_SETTLED;
	return true;
}
