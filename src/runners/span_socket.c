/* The span socket: receive messages about tests, one datagram each, from processes of the run */
#include "runners/span_socket.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/util.h"
#include "spans/span_apply.h"
#include "spans/span_observer.h"

#define BATCH             64
#define BATCHES           64 /* per call, so that other work gets its turn */
#define ROOM_TO_WAIT      256
#define SOCKET_NAME       "socket"
#define INTERVAL_NS       (long)(40 * NSEC_PER_MSEC)
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
	struct span_message messages[BATCH];
	uid_t uids[BATCH]; /* of the senders */
	enum span_sender senders[BATCH];
	bool is_message[BATCH], is_delivered[BATCH];
	/* One byte more than allowed, to detect messages that are too long. */
	char data[BATCH][SPAN_MESSAGE_BYTES + 1];
};

/* -- Making it ----------------------------------------------------------------------------------- */

/*
 * Binds by the descriptor of the directory (runners/run_directory.h), or by its path if there is no
 * /proc.
 */
static int bind_in(const struct run_directory *directory, int socket_fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t mask = umask(0111);
	int r;

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" SOCKET_NAME,
		 directory->fd);
	r = bind(socket_fd, (const struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	if (r == -ENOENT) {
		snprintf(address.sun_path, sizeof(address.sun_path), "%s/" SOCKET_NAME,
			 directory->path);
		r = bind(socket_fd, (const struct sockaddr *)&address, sizeof(address)) ? -errno
											: 0;
	}
	umask(mask);
	return r;
}

static int bind_socket(struct span_socket *spans)
{
	const int on = 1;

	spans->path = xasprintf("%s/" SOCKET_NAME, spans->directory.path);
	/* Set this before the socket has a name, so that each message has its sender. */
	if (setsockopt(spans->socket_fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)))
		return -errno;
	return bind_in(&spans->directory, spans->socket_fd);
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

void span_socket_begin(struct span_socket *ret)
{
	*ret = SPAN_SOCKET_NONE;
	roomy_socket_begin(&ret->making);
}

int span_socket_open(struct span_socket *spans, const char *cgroup, bool has_others, uid_t user,
		     char **ret_complaint)
{
	unsigned room;
	int r;

	/*
	 * Finish the slow part first: until the directory is made, a kill leaves nothing on disk.
	 */
	spans->socket_fd = roomy_socket_end(&spans->making, &room);
	spans->may_wait = room >= ROOM_TO_WAIT;
	*ret_complaint = NULL;
	r = spans->socket_fd < 0 ? spans->socket_fd
				 : run_directory_make(&spans->directory, ret_complaint);
	if (r == 0)
		r = bind_socket(spans);
	if (r == 0)
		r = watch(spans);
	if (r < 0) {
		span_socket_close(spans);
		return r;
	}
	spans->senders = xcalloc(1, sizeof(*spans->senders));
	span_senders_init(spans->senders, cgroup, has_others, user);
	spans->batch = xcalloc(1, sizeof(*spans->batch));
	prepare_batch(spans->batch);
	return 0;
}

void span_socket_close(struct span_socket *spans)
{
	run_directory_remove(&spans->directory);
	roomy_socket_close(&spans->making);
	close_fd(spans->fd);
	close_fd(spans->timer_fd);
	close_fd(spans->socket_fd);
	free(spans->path);
	free(spans->senders);
	free(spans->batch);
	*spans = SPAN_SOCKET_NONE;
}

/* -- Messages ------------------------------------------------------------------------------------- */

static void look_at_intervals(struct span_socket *spans, bool at_intervals)
{
	struct timespec time = {0, at_intervals ? INTERVAL_NS : 0};
	struct itimerspec spec = {.it_value = time, .it_interval = time};
	struct epoll_event event = {.events = at_intervals ? 0 : EPOLLIN};

	/* If one of the two fails, the only effect is more wakeups. */
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
	batch->received_ns = kernel_now_ns();
	choose_how_to_wait(spans);
	return batch->count;
}

static uint32_t sender_of(struct msghdr *header, uid_t *ret_uid)
{
	*ret_uid = (uid_t)-1;
	for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control;
	     control = CMSG_NXTHDR(header, control)) {
		struct ucred credentials;

		if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_CREDENTIALS ||
		    control->cmsg_len < CMSG_LEN(sizeof(credentials)))
			continue;
		memcpy(&credentials, CMSG_DATA(control), sizeof(credentials));
		*ret_uid = credentials.uid;
		return credentials.pid > 0 ? (uint32_t)credentials.pid : 0;
	}
	return 0;
}

/*
 * Converts times to those of the kernel. A sender is in our time namespace; otherwise its times are
 * wrong in any case.
 */
static void translate_times(struct span_message *message)
{
	message->time_ns = kernel_time_ns(message->time_ns);
	message->start_ns = kernel_time_ns(message->start_ns);
	message->failed_ns = kernel_time_ns(message->failed_ns);
	for (unsigned i = 0; i < message->phase_count; i++)
		message->phases[i].start_ns = kernel_time_ns(message->phases[i].start_ns);
}

static void parse(struct span_socket *spans, struct model *model)
{
	struct span_batch *batch = spans->batch;

	for (unsigned i = 0; i < batch->count; i++) {
		struct span_message *message = &batch->messages[i];
		uint32_t pid = sender_of(&batch->headers[i].msg_hdr, &batch->uids[i]);

		batch->senders[i] = span_sender_judge(spans->senders, model, pid, batch->uids[i],
						      batch->received_ns);
		batch->is_delivered[i] = batch->senders[i] == SENDER_STRANGER;
		if (batch->is_delivered[i]) {
			model_span_refused(model);
			continue;
		}
		batch->is_message[i] =
			span_message_parse(batch->data[i], batch->headers[i].msg_len, message) == 0;
		message->sender_pid = pid;
		message->received_ns = batch->received_ns;
		if (batch->is_message[i])
			translate_times(message);
	}
}

/*
 * Plans are delivered before the records of the processes that they announce; all other messages
 * are delivered after the records that led to them.
 */
static void deliver(struct span_batch *batch, struct model *model, bool plans)
{
	for (unsigned i = 0; i < batch->count; i++) {
		struct span_message *message = &batch->messages[i];
		bool is_plan = batch->is_message[i] && message->event == SPAN_PLAN;

		if (is_plan != plans || batch->is_delivered[i])
			continue;
		batch->is_delivered[i] = true;
		if (batch->senders[i] == SENDER_UNSURE &&
		    !model_is_traced(model, message->sender_pid, batch->uids[i],
				     batch->received_ns))
			model_span_refused(model);
		else if (batch->is_message[i])
			model_span_message(model, message);
		else
			model_span_unreadable(model);
		span_message_done(message);
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
		parse(spans, model);
		deliver(spans->batch, model, true);
		catch_up(context);
		deliver(spans->batch, model, false);
	}
}
