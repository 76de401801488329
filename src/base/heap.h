/* Binary heaps in arrays that their callers own: what comes before all else is at index 0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Whether the element at one comes out before the element at other. */
typedef bool heap_before(const void *one, const void *other);

/* heap_up() after an element was put at index, normally the end, of an array that is a heap without it. */
void heap_up(void *array, size_t index, size_t element_bytes, heap_before *before);

/* heap_down() after the element at index was replaced; count includes it. */
void heap_down(void *array, size_t count, size_t index, size_t element_bytes, heap_before *before);
