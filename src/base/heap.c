/* Binary heaps in arrays of the caller: the first element is at index 0 */
#include "base/heap.h"

#include <string.h>

#define PIECE_BYTES 64

static void swap(unsigned char *one, unsigned char *other, size_t bytes)
{
	unsigned char moved[PIECE_BYTES];

	/* Swap in pieces: an element may be larger than PIECE_BYTES. */
	for (size_t done = 0; done < bytes; done += sizeof(moved)) {
		size_t part = bytes - done < sizeof(moved) ? bytes - done : sizeof(moved);

		memcpy(moved, one + done, part);
		memcpy(one + done, other + done, part);
		memcpy(other + done, moved, part);
	}
}

void heap_up(void *array, size_t index, size_t element_bytes, heap_before *before)
{
	unsigned char *elements = array;

	while (index) {
		size_t parent = (index - 1) / 2;

		if (!before(elements + index * element_bytes, elements + parent * element_bytes))
			return;
		swap(elements + index * element_bytes, elements + parent * element_bytes,
		     element_bytes);
		index = parent;
	}
}

void heap_down(void *array, size_t count, size_t index, size_t element_bytes, heap_before *before)
{
	unsigned char *elements = array;

	for (;;) {
		size_t first = index, child = 2 * index + 1;

		for (size_t at = child; at < count && at <= child + 1; at++)
			if (before(elements + at * element_bytes, elements + first * element_bytes))
				first = at;
		if (first == index)
			return;
		swap(elements + index * element_bytes, elements + first * element_bytes,
		     element_bytes);
		index = first;
	}
}
