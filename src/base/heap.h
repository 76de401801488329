/* Binary heaps in arrays of the caller: the first element is at index 0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Returns whether one leaves the heap before other. */
typedef bool heap_before(const void *one, const void *other);

/*
 * Restores the heap after an element was added at index, usually at the end. The array without this
 * element must be a heap.
 */
void heap_up(void *array, size_t index, size_t element_bytes, heap_before *before);

/* Restores the heap after the element at index was replaced. count includes this element. */
void heap_down(void *array, size_t count, size_t index, size_t element_bytes, heap_before *before);
