/* Converts data of a run to members of a report: hostile bytes, unknown values, words */
#include "report/fill.h"

#include "base/utf8.h"

const char *fill_name(struct arena *memory, const char *data, size_t size_bytes)
{
	_cleanup_free_ char *text = NULL;

	if (!data)
		return NULL;
	if (utf8_valid_len(data, size_bytes) == size_bytes && !memchr(data, '\0', size_bytes))
		return arena_copy(memory, data, size_bytes);
	text = utf8_sanitize(data, size_bytes, NULL);
	return arena_copy(memory, text, strlen(text));
}

const char *fill_text(struct arena *memory, const char *text)
{
	return fill_name(memory, text, text ? strlen(text) : 0);
}

const char *fill_comm(struct arena *memory, const char comm[COMM_BYTES])
{
	return fill_name(memory, comm, strnlen(comm, COMM_BYTES));
}

const char *fill_hex(struct arena *memory, const char *data, size_t size_bytes)
{
	_cleanup_free_ char *hex = NULL;
	bool changed = false;

	if (!data)
		return NULL;
	free(utf8_sanitize(data, size_bytes, &changed));
	if (!changed)
		return NULL;
	hex = hex_encode(data, size_bytes);
	return arena_copy(memory, hex, strlen(hex));
}

static size_t count_words(const char *data, size_t size_bytes)
{
	size_t count = 0;

	for (size_t at = 0; at < size_bytes; at += strnlen(data + at, size_bytes - at) + 1)
		count++;
	return count;
}

void fill_argv(struct arena *memory, const char *data, size_t size_bytes, struct texts *ret_texts,
	       struct texts *ret_hex)
{
	size_t count, at = 0;
	bool any_changed = false;
	const char **hexes;

	*ret_texts = *ret_hex = (struct texts){0};
	if (!data)
		return;
	count = count_words(data, size_bytes);
	hexes = arena_alloc(memory, count, sizeof(*hexes));
	*ret_texts = (struct texts){arena_alloc(memory, count, sizeof(*hexes)), count};
	for (size_t i = 0; i < count; i++) {
		size_t length = strnlen(data + at, size_bytes - at);

		ret_texts->list[i] = fill_name(memory, data + at, length);
		hexes[i] = fill_hex(memory, data + at, length);
		any_changed |= hexes[i] != NULL;
		at += length + 1;
	}
	if (any_changed)
		*ret_hex = (struct texts){hexes, count};
}

struct report_bucket *fill_histogram(struct arena *memory, const struct hist_log2 *histogram,
				     size_t *ret_count)
{
	struct report_bucket *list = arena_alloc(memory, HIST_LOG2_BUCKETS, sizeof(*list));

	*ret_count = 0;
	for (unsigned i = 0; i < HIST_LOG2_BUCKETS; i++)
		if (histogram->buckets[i])
			list[(*ret_count)++] =
				(struct report_bucket){hist_log2_lower(i), histogram->buckets[i]};
	return list;
}
