/* Tests of base/heap and base/hash: order out of any order in, removal in the middle, published hashes */
#include "base/heap.h"

#include "base/hash.h"
#include "base/util.h"
#include "tap.h"

struct element {
	uint32_t key;
	char payload[100]; /* more than is swapped in one piece */
};

static bool smaller(const void *one, const void *other)
{
	return ((const struct element *)one)->key < ((const struct element *)other)->key;
}

static void push(struct element *heap, size_t *count, uint32_t key)
{
	heap[*count] = (struct element){.key = key};
	snprintf(heap[*count].payload, sizeof(heap[*count].payload), "%099u", key);
	heap_up(heap, (*count)++, sizeof(*heap), smaller);
}

static struct element take(struct element *heap, size_t *count, size_t index)
{
	struct element taken = heap[index];

	heap[index] = heap[--*count];
	if (index < *count) {
		heap_up(heap, index, sizeof(*heap), smaller);
		heap_down(heap, *count, index, sizeof(*heap), smaller);
	}
	return taken;
}

static bool is_whole(const struct element *element)
{
	char wanted[100];

	snprintf(wanted, sizeof(wanted), "%099u", element->key);
	return streq(wanted, element->payload);
}

static void test_any_order(void)
{
	struct element heap[200];
	size_t count = 0;
	uint32_t last = 0, random = 1;
	bool in_order = true, whole = true;

	for (unsigned i = 0; i < ARRAY_SIZE(heap); i++) {
		random = random * 1103515245 + 12345;
		push(heap, &count, random >> 20);
	}
	while (count > 50)
		take(heap, &count, count / 3);
	while (count) {
		struct element first = take(heap, &count, 0);

		in_order &= last <= first.key;
		whole &= is_whole(&first);
		last = first.key;
	}
	ok(in_order);
	ok(whole);
}

static void test_hashes(void)
{
	/* http://www.isthe.com/chongo/src/fnv/test_fnv.c */
	is_u64(hash_string(""), 0x811c9dc5);
	is_u64(hash_string("a"), 0xe40c292c);
	is_u64(hash_string("foobar"), 0xbf9cf968);
	is_u64(hash_bytes("foobarbaz", 6), 0xbf9cf968);
}

int main(void)
{
	test_any_order();
	test_hashes();
	return tap_done();
}
