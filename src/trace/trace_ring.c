/* A BPF ring buffer as its reader sees it: kernel/bpf/ringbuf.c has the layout, linux/bpf.h the bits of a header. */
#include "trace/trace_ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/util.h"

#define LENGTH_MASK (~(uint32_t)(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT))

struct trace_ring {
	int map_fd;
	trace_record_fn deliver;
	void *context;
	size_t page_bytes, data_bytes; /* the latter a power of two */
	unsigned long *consumed; /* its page is ours to write */
	const unsigned long *produced; /* its page comes before the data */
	const char *data;
	char *joined; /* a record that goes on at the beginning of the data */
	size_t joined_bytes;
};

static int map_pages(struct trace_ring *ring)
{
	void *mapped =
		mmap(NULL, ring->page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->map_fd, 0);

	if (mapped == MAP_FAILED)
		return -errno;
	ring->consumed = mapped;
	mapped = mmap(NULL, ring->page_bytes + ring->data_bytes, PROT_READ, MAP_SHARED,
		      ring->map_fd, (off_t)ring->page_bytes);
	if (mapped == MAP_FAILED)
		return -errno;
	ring->produced = mapped;
	ring->data = (const char *)mapped + ring->page_bytes;
	return 0;
}

int trace_ring_open(int map_fd, trace_record_fn deliver, void *context, struct trace_ring **ret)
{
	struct bpf_map_info info = {0};
	uint32_t info_bytes = sizeof(info);
	struct trace_ring *ring;
	int r;

	if (bpf_obj_get_info_by_fd(map_fd, &info, &info_bytes) < 0)
		return -errno;
	if (info.type != BPF_MAP_TYPE_RINGBUF)
		return -EINVAL;
	ring = xcalloc(1, sizeof(*ring));
	ring->map_fd = map_fd;
	ring->deliver = deliver;
	ring->context = context;
	ring->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	ring->data_bytes = info.max_entries;
	r = map_pages(ring);
	if (r < 0) {
		trace_ring_close(ring);
		return r;
	}
	*ret = ring;
	return 0;
}

struct trace_ring *trace_ring_close(struct trace_ring *ring)
{
	if (!ring)
		return NULL;
	if (ring->consumed)
		munmap(ring->consumed, ring->page_bytes);
	if (ring->produced)
		munmap((void *)ring->produced, ring->page_bytes + ring->data_bytes);
	free(ring->joined);
	free(ring);
	return NULL;
}

int trace_ring_fd(const struct trace_ring *ring)
{
	return ring->map_fd;
}

static const void *whole_record(struct trace_ring *ring, size_t at, size_t bytes)
{
	size_t first = ring->data_bytes - at;

	if (bytes <= first)
		return ring->data + at;
	if (ring->joined_bytes < bytes) {
		free(ring->joined);
		ring->joined = xmalloc(bytes);
		ring->joined_bytes = bytes;
	}
	memcpy(ring->joined, ring->data + at, first);
	memcpy(ring->joined + first, ring->data, bytes - first);
	return ring->joined;
}

/* Of the record at the position; false: it is still being written, and so is what comes behind it. */
static bool deliver_one(struct trace_ring *ring, unsigned long *position)
{
	size_t mask = ring->data_bytes - 1, at = *position & mask;
	uint32_t header = __atomic_load_n((const uint32_t *)(ring->data + at), __ATOMIC_ACQUIRE);
	size_t bytes = header & LENGTH_MASK;

	if (header & BPF_RINGBUF_BUSY_BIT)
		return false;
	/* A header is 8 bytes long, as records are aligned: it never goes on at the beginning. */
	if (!(header & BPF_RINGBUF_DISCARD_BIT))
		ring->deliver(ring->context,
			      whole_record(ring, (at + BPF_RINGBUF_HDR_SZ) & mask, bytes), bytes);
	*position += (BPF_RINGBUF_HDR_SZ + bytes + 7) & ~(size_t)7;
	return true;
}

bool trace_ring_consume(struct trace_ring *ring, size_t most)
{
	unsigned long position = *ring->consumed;

	for (size_t delivered = 0; delivered < most; delivered++) {
		if (position == __atomic_load_n(ring->produced, __ATOMIC_ACQUIRE) ||
		    !deliver_one(ring, &position))
			return false;
		__atomic_store_n(ring->consumed, position, __ATOMIC_RELEASE);
	}
	return true;
}
