/* The log's own ring buffer: read in portions, so that a flood of it keeps nothing else waiting. */
#include "run/trace_log.h"

#include <bpf/libbpf.h>
#include <errno.h>

#include "base/util.h"

#define PORTION 4096

struct trace_log {
	struct ring_buffer *ring;
	trace_record_fn deliver;
	void *context;
	unsigned left; /* of the portion */
};

/* libbpf goes on as long as there are records, unless one is answered with an error: it is taken all the same. */
static int on_record(void *context, void *record, size_t bytes)
{
	struct trace_log *log = context;

	log->deliver(log->context, record, bytes);
	return --log->left ? 0 : -EAGAIN;
}

int trace_log_open(int map_fd, trace_record_fn deliver, void *context, struct trace_log **ret)
{
	struct trace_log *log = xcalloc(1, sizeof(*log));

	log->deliver = deliver;
	log->context = context;
	log->ring = ring_buffer__new(map_fd, on_record, log, NULL);
	if (!log->ring) {
		free(log);
		return -errno;
	}
	*ret = log;
	return 0;
}

struct trace_log *trace_log_close(struct trace_log *log)
{
	if (log)
		ring_buffer__free(log->ring);
	free(log);
	return NULL;
}

int trace_log_fd(const struct trace_log *log)
{
	return ring_buffer__epoll_fd(log->ring);
}

bool trace_log_consume(struct trace_log *log)
{
	log->left = PORTION;
	return ring_buffer__consume(log->ring) == -EAGAIN;
}
