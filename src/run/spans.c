/* The socket on which test runners tell of their tests: a datagram each, from whoever may reach it. */
#include "run/spans.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/util.h"
#include "model/span.h"
#include "run/runner_files.h"

#define BATCH 32

struct span_batch {
	unsigned count;
	uint64_t received_ns;
	struct mmsghdr headers[BATCH];
	struct iovec parts[BATCH];
	union {
		struct cmsghdr alignment;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control[BATCH];
	/* One byte more than allowed, to tell what is too long. */
	char data[BATCH][SPAN_MESSAGE_BYTES + 1];
};

/* -- Making it ----------------------------------------------------------------------------------- */

static int make_directory(struct span_socket *socket)
{
	static const char *const fallbacks[] = {"/tmp", "/run", "/dev/shm"};
	const char *wanted = secure_getenv("TMPDIR");
	int r = -ENOENT;

	for (size_t i = 0; i <= ARRAY_SIZE(fallbacks); i++) {
		const char *base = i ? fallbacks[i - 1] : wanted;
		char *dir;

		/* The address has room for 108 bytes (unix(7)). */
		if (!base || *base != '/' || strlen(base) > 80)
			continue;
		dir = xasprintf("%s/latwrap-XXXXXX", base);
		if (mkdtemp(dir)) {
			socket->dir = dir;
			return chmod(dir, 0711) ? -errno : 0;
		}
		r = -errno;
		free(dir);
	}
	return r;
}

static int bind_socket(struct span_socket *spans)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int on = 1;

	spans->path = xasprintf("%s/socket", spans->dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", spans->path);
	spans->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Before it has a name, so that no message lacks its sender. */
	if (spans->fd < 0 || setsockopt(spans->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) ||
	    bind(spans->fd, (const struct sockaddr *)&address, sizeof(address)) ||
	    chmod(spans->path, 0666))
		return -errno;
	return 0;
}

static void prepare_batch(struct span_batch *batch)
{
	for (unsigned i = 0; i < BATCH; i++) {
		batch->parts[i] = (struct iovec){batch->data[i], sizeof(batch->data[i])};
		batch->headers[i].msg_hdr = (struct msghdr){
			.msg_iov = &batch->parts[i],
			.msg_iovlen = 1,
			.msg_control = &batch->control[i],
		};
	}
}

int span_socket_open(struct span_socket *ret)
{
	int r;

	*ret = SPAN_SOCKET_NONE;
	r = make_directory(ret);
	if (r == 0)
		r = bind_socket(ret);
	if (r < 0) {
		span_socket_close(ret);
		return r;
	}
	ret->batch = xcalloc(1, sizeof(*ret->batch));
	prepare_batch(ret->batch);
	return 0;
}

void span_socket_close(struct span_socket *spans)
{
	if (spans->dir)
		runner_files_remove(spans->dir);
	close_fd(spans->fd);
	free(spans->dir);
	free(spans->path);
	free(spans->batch);
	*spans = SPAN_SOCKET_NONE;
}

/* -- Messages ------------------------------------------------------------------------------------- */

size_t span_socket_receive(struct span_socket *spans)
{
	struct span_batch *batch = spans->batch;
	int n;

	if (spans->fd < 0)
		return 0;
	for (unsigned i = 0; i < BATCH; i++)
		batch->headers[i].msg_hdr.msg_controllen = sizeof(batch->control[i]);
	n = recvmmsg(spans->fd, batch->headers, BATCH, MSG_DONTWAIT | MSG_CMSG_CLOEXEC, NULL);
	batch->count = n > 0 ? (unsigned)n : 0;
	batch->received_ns = now_ns(CLOCK_MONOTONIC);
	return batch->count;
}

static uint32_t sender_of(struct msghdr *header)
{
	for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control;
	     control = CMSG_NXTHDR(header, control)) {
		struct ucred credentials;

		if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_CREDENTIALS ||
		    control->cmsg_len < CMSG_LEN(sizeof(credentials)))
			continue;
		memcpy(&credentials, CMSG_DATA(control), sizeof(credentials));
		return credentials.pid > 0 ? (uint32_t)credentials.pid : 0;
	}
	return 0;
}

void span_socket_deliver(struct span_socket *spans, struct model *model)
{
	struct span_batch *batch = spans->batch;

	for (unsigned i = 0; batch && i < batch->count; i++) {
		struct span_message message;

		if (span_message_parse(batch->data[i], batch->headers[i].msg_len, &message) == 0) {
			message.sender_pid = sender_of(&batch->headers[i].msg_hdr);
			message.received_ns = batch->received_ns;
			model_span_message(model, &message);
		} else {
			model_span_unreadable(model);
		}
		span_message_done(&message);
	}
	if (batch)
		batch->count = 0;
}
