/* One span: its strings, and its stage in the sweep. */
#include "spans/span.h"

#include <stdlib.h>

#include "base/util.h"
#include "spans/lineage.h"

#define NAME_BYTES 1024
#define WORD_BYTES 64

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

struct span *span_new(uint64_t number, const struct span_message *message, struct lineage *process)
{
	struct span *span = xcalloc(1, sizeof(*span));
	const char *id = message->id ? message->id : "";

	span->number = number;
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
	return span;
}

void span_rename(struct span *span, const char *name)
{
	bytes_done(&span->name);
	span->name = copy_cut(name, NAME_BYTES);
}

void span_free(struct span *span)
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

bool span_has_failed(const struct span *span)
{
	return span->outcome == SPAN_FAILED || span->outcome == SPAN_ERROR;
}

uint64_t span_known_ns(const struct span *span)
{
	uint64_t known_ns = span->failed_ns > span->start_ns ? span->failed_ns : span->end_ns;

	return MAX(MIN(known_ns, span->end_ns), span->start_ns);
}

/* -- Stages, with the lists of open and paused spans of the process; no other code changes these --- */

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
	if (span->stage == SPAN_FINAL)
		return false;
	if (span->stage == SPAN_OPEN)
		take(&span->process->open, span);
	else if (span->stage == SPAN_PAUSED)
		take(&span->process->paused, span);
	span->stage = SPAN_FINAL;
	return true;
}
