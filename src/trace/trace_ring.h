/* A BPF ring buffer as its reader sees it, mapped once: libbpf maps it twice, and it counts twice as resident. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "trace/trace.h"

struct trace_ring;

/* map_fd is a BPF ring buffer that lives as long as this. Returns 0 or -errno. */
int trace_ring_open(int map_fd, trace_record_fn deliver, void *context, struct trace_ring **ret);
struct trace_ring *trace_ring_close(struct trace_ring *ring); /* NULL is fine; returns NULL */

/* Readable when the kernel side woke its reader. */
int trace_ring_fd(const struct trace_ring *ring);
/* Delivers what there is, and what comes meanwhile, but no more than so many. Whether there may be more. */
bool trace_ring_consume(struct trace_ring *ring, size_t most);
