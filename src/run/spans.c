/* The socket on which test runners tell of their tests: a datagram each, from whoever may reach it. */
#include "run/spans.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/util.h"
#include "model/span.h"
#include "run/roomy_socket.h"
#include "run/runner_files.h"

#define BATCH             64
#define BATCHES           64 /* at a time; then others have their turn */
#define ROOM_TO_WAIT      256
#define INTERVAL_NS       (long)(20 * NSEC_PER_MSEC)
#define CLOSE_TOGETHER_NS (10 * NSEC_PER_MSEC)
#define IDLE_INTERVALS    4

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
	unsigned room;

	spans->path = xasprintf("%s/socket", spans->dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", spans->path);
	spans->socket_fd = roomy_socket(&room);
	spans->may_wait = room >= ROOM_TO_WAIT;
	if (spans->socket_fd < 0)
		return spans->socket_fd;
	/* Before it has a name, so that no message lacks its sender. */
	if (setsockopt(spans->socket_fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) ||
	    bind(spans->socket_fd, (const struct sockaddr *)&address, sizeof(address)) ||
	    chmod(spans->path, 0666))
		return -errno;
	return 0;
}

static int watch(struct span_socket *spans)
{
	struct epoll_event event = {.events = EPOLLIN};

	spans->fd = epoll_create1(EPOLL_CLOEXEC);
	spans->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (spans->fd < 0 || spans->timer_fd < 0 ||
	    epoll_ctl(spans->fd, EPOLL_CTL_ADD, spans->socket_fd, &event) ||
	    epoll_ctl(spans->fd, EPOLL_CTL_ADD, spans->timer_fd, &event))
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
	if (r == 0)
		r = watch(ret);
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
	close_fd(spans->timer_fd);
	close_fd(spans->socket_fd);
	free(spans->dir);
	free(spans->path);
	free(spans->batch);
	*spans = SPAN_SOCKET_NONE;
}

/* -- Messages ------------------------------------------------------------------------------------- */

static void look_at_intervals(struct span_socket *spans, bool at_intervals)
{
	struct timespec time = {0, at_intervals ? INTERVAL_NS : 0};
	struct itimerspec spec = {.it_value = time, .it_interval = time};
	struct epoll_event event = {.events = at_intervals ? 0 : EPOLLIN};

	/* Should one fail, the other only wakes us too often. */
	if (timerfd_settime(spans->timer_fd, 0, &spec, NULL) == 0 &&
	    epoll_ctl(spans->fd, EPOLL_CTL_MOD, spans->socket_fd, &event) == 0)
		spans->at_intervals = at_intervals;
	spans->idle_intervals = 0;
}

static void choose_how_to_wait(struct span_socket *spans)
{
	const struct span_batch *batch = spans->batch;
	uint64_t expirations;

	if (spans->at_intervals && read(spans->timer_fd, &expirations, sizeof(expirations)) < 0)
		return;
	if (!batch->count) {
		if (spans->at_intervals && ++spans->idle_intervals >= IDLE_INTERVALS)
			look_at_intervals(spans, false);
		return;
	}
	if (spans->may_wait && !spans->at_intervals &&
	    batch->received_ns - spans->last_ns < CLOSE_TOGETHER_NS)
		look_at_intervals(spans, true);
	spans->idle_intervals = 0;
	spans->last_ns = batch->received_ns;
}

static unsigned receive(struct span_socket *spans)
{
	struct span_batch *batch = spans->batch;
	int n;

	for (unsigned i = 0; i < BATCH; i++)
		batch->headers[i].msg_hdr.msg_controllen = sizeof(batch->control[i]);
	n = recvmmsg(spans->socket_fd, batch->headers, BATCH, MSG_DONTWAIT | MSG_CMSG_CLOEXEC,
		     NULL);
	batch->count = n > 0 ? (unsigned)n : 0;
	batch->received_ns = now_ns(CLOCK_MONOTONIC);
	choose_how_to_wait(spans);
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

static void deliver(struct span_socket *spans, struct model *model)
{
	struct span_batch *batch = spans->batch;

	for (unsigned i = 0; i < batch->count; i++) {
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
}

void span_socket_read(struct span_socket *spans, struct model *model,
		      void (*catch_up)(void *context), void *context)
{
	unsigned count = BATCH;

	for (unsigned i = 0; spans->fd >= 0 && count == BATCH && i < BATCHES; i++) {
		count = receive(spans);
		if (!count)
			return;
		catch_up(context);
		deliver(spans, model);
	}
}
