/* A file of lines that grows during a run; its reader cannot make the run wait */
#include "report/growing_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/util.h"

/*
 * A pipe takes only so much at once. A reader that keeps up is waited for, at most for this part of
 * the time.
 */
#define WAIT_NS        (50 * NSEC_PER_MSEC)
#define WAIT_EVERY_NS  (100 * NSEC_PER_MSEC)
#define UNTAKEN_MAX    ((size_t)32 << 20) /* bytes; a reader that is so far behind does not read */
#define CAPACITY_BYTES ((size_t)64 << 10)

struct growing_file {
	struct outlet outlet;
	char *data; /* owned */
	size_t taken, size, capacity; /* of data: taken by the reader, printed, allocated */
	uint64_t window_ns; /* when the current period of WAIT_EVERY_NS began */
	uint64_t waited_ns; /* for the reader, in this period; at most WAIT_NS */
	uint64_t lost_lines;
	int error; /* -errno; nothing is written after an error */
};

static void fail(struct growing_file *file, int error)
{
	file->error = error;
	for (size_t i = file->taken; i < file->size; i++)
		file->lost_lines += file->data[i] == '\n';
	file->taken = file->size = 0;
}

static void append(struct growing_file *file, const char *data, size_t size)
{
	if (file->taken) {
		file->size -= file->taken;
		memmove(file->data, file->data + file->taken, file->size);
		file->taken = 0;
	}
	while (file->capacity - file->size < size) {
		file->capacity = MAX(file->capacity * 2, CAPACITY_BYTES);
		file->data = xrealloc(file->data, file->capacity);
	}
	memcpy(file->data + file->size, data, size);
	file->size += size;
}

/* Whether a write may wait for the reader */
static bool wait_for_room(struct growing_file *file)
{
	uint64_t before_ns = now_ns(CLOCK_MONOTONIC);

	if (before_ns - file->window_ns >= WAIT_EVERY_NS) {
		file->window_ns = before_ns;
		file->waited_ns = 0;
	}
	if (file->waited_ns >= WAIT_NS)
		return false;
	outlet_wait(&file->outlet, WAIT_NS - file->waited_ns);
	file->waited_ns += now_ns(CLOCK_MONOTONIC) - before_ns;
	return true;
}

static void pass_on(struct growing_file *file)
{
	while (file->taken < file->size) {
		ssize_t n = outlet_try(&file->outlet, file->data + file->taken,
				       file->size - file->taken);

		if (n == -EAGAIN && !wait_for_room(file))
			break;
		if (n < 0 && n != -EAGAIN) {
			fail(file, (int)n);
			return;
		}
		file->taken += (size_t)MAX(n, 0);
	}
	if (file->size - file->taken > UNTAKEN_MAX)
		fail(file, -ETIMEDOUT);
}

static ssize_t write_growing(void *cookie, const char *data, size_t size)
{
	struct growing_file *file = cookie;

	if (!file->error) {
		append(file, data, size);
		pass_on(file);
	} else {
		for (size_t i = 0; i < size; i++)
			file->lost_lines += data[i] == '\n';
	}
	/* stdio gets no error: growing_file_error() has the reason. */
	return (ssize_t)size;
}

int growing_file_drain(struct growing_file *file, uint64_t patience_ns)
{
	int r;

	if (file->error)
		return file->error;
	r = outlet_write(&file->outlet, file->data + file->taken, file->size - file->taken,
			 patience_ns);
	if (r < 0)
		fail(file, r);
	file->taken = file->size = 0;
	return r;
}

int growing_file_error(const struct growing_file *file)
{
	return file->error;
}

uint64_t growing_file_lost_lines(struct growing_file *file)
{
	uint64_t lines = file->lost_lines;

	file->lost_lines = 0;
	return lines;
}

static int close_growing(void *cookie)
{
	struct growing_file *file = cookie;

	outlet_close(&file->outlet);
	free(file->data);
	free(file);
	return 0;
}

FILE *growing_file_open(struct outlet outlet, struct growing_file **ret)
{
	struct growing_file *file = xcalloc(1, sizeof(*file));
	const cookie_io_functions_t functions = {.write = write_growing, .close = close_growing};
	FILE *stream;

	file->outlet = outlet;
	stream = fopencookie(file, "w", functions);
	if (stream)
		setvbuf(stream, NULL, _IOFBF, CAPACITY_BYTES);
	else
		close_growing(file);
	*ret = stream ? file : NULL;
	return stream;
}
