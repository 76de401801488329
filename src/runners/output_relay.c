/* Pass on the output of a test program, and report the tests that it shows to an outer latwrap */
#include "runners/output_relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "runners/span_client.h"

#define PIECE_BYTES 65536
#define NAME_BYTES  1024

struct reader {
	const struct span_output_spec *spec;
	struct span_client client;
	pid_t owner; /* of the spans */
	struct test_output *tests;
	int in_fd, out_fd, stop_fd, done_fd;
};

/* -- Messages -------------------------------------------------------------------------------------- */

static char *id_of(const struct reader *reader, uint64_t number)
{
	return xasprintf("%s/%llu", reader->spec->parent_id, (unsigned long long)number);
}

static void add_beginning(const struct reader *reader, const struct test_event *event,
			  cJSON *message)
{
	_cleanup_free_ char *parent = event->parent ? id_of(reader, event->parent) : NULL;
	_cleanup_free_ char *name =
		xasprintf("%s%.*s", reader->spec->prefix, NAME_BYTES, event->name);

	cJSON_AddStringToObject(message, "name", name);
	cJSON_AddStringToObject(message, "runner", reader->spec->runner);
	cJSON_AddStringToObject(message, "parent", parent ? parent : reader->spec->parent_id);
}

static void deliver(void *context, const struct test_event *event)
{
	static const char *const words[] = {[SPAN_BEGIN] = "begin",
					    [SPAN_END] = "end",
					    [SPAN_PAUSE] = "pause",
					    [SPAN_RESUME] = "resume"};
	struct reader *reader = context;
	_cleanup_free_ char *id = id_of(reader, event->number);
	cJSON *message = span_client_message(words[event->event], id);

	cJSON_AddNumberToObject(message, "time_ns", (double)event->time_ns);
	cJSON_AddBoolToObject(message, "of_parent", true);
	cJSON_AddNumberToObject(message, "pid", reader->owner);
	if (event->event == SPAN_BEGIN)
		add_beginning(reader, event, message);
	if (event->event == SPAN_END)
		cJSON_AddStringToObject(message, "outcome", span_outcome_names[event->outcome]);
	span_client_send(&reader->client, message);
}

/* -- The reader ------------------------------------------------------------------------------------ */

/*
 * Returns false if the reader of our output is gone: then the program must learn it, as it would
 * without us.
 */
static bool pass_on(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EAGAIN)
			poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
		else if (n < 0 && errno != EINTR)
			return false;
		data += MAX(n, 0);
		size -= (size_t)MAX(n, 0);
	}
	return true;
}

/* Returns the number of bytes read, 0 at the end. */
static size_t read_some(struct reader *reader, char *piece)
{
	ssize_t n;

	do
		n = read(reader->in_fd, piece, PIECE_BYTES);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return 0;
	test_output_read(reader->tests, piece, (size_t)n, now_ns(CLOCK_MONOTONIC));
	return pass_on(reader->out_fd, piece, (size_t)n) ? (size_t)n : 0;
}

static void read_what_is_there(struct reader *reader, char *piece)
{
	int left = 0;

	while (ioctl(reader->in_fd, FIONREAD, &left) == 0 && left > 0)
		if (!read_some(reader, piece))
			return;
}

/* Returns the timeout for poll(2): the time until an end that was read must be reported. */
static int time_to_confirm_ms(struct reader *reader)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC), then = test_output_confirm(reader->tests, now);

	return then ? (int)((then - now) / NSEC_PER_MSEC) + 1 : -1;
}

static void read_all(struct reader *reader)
{
	struct pollfd fds[] = {{.fd = reader->in_fd, .events = POLLIN},
			       {.fd = reader->stop_fd, .events = POLLIN}};
	_cleanup_free_ char *piece = xmalloc(PIECE_BYTES);

	for (;;) {
		if (poll(fds, ARRAY_SIZE(fds), time_to_confirm_ms(reader)) <= 0)
			continue;
		/*
		 * The stop pipe is closed: the program has ended, and our parent waits for the rest
		 * of its output.
		 */
		if (fds[1].fd >= 0 && fds[1].revents) {
			read_what_is_there(reader, piece);
			test_output_finish(reader->tests);
			fds[1].fd = -1;
			reader->done_fd = close_fd(reader->done_fd);
			continue;
		}
		if (fds[0].revents && !read_some(reader, piece))
			return;
	}
}

static void ignore_signals(void)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGTTOU};

	/*
	 * The reader ends when its input ends: it must pass on the last output of a program that a
	 * signal ends.
	 */
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
}

static void be_reader(struct reader *reader)
{
	ignore_signals();
	prctl(PR_SET_NAME, SPAN_HELPER_COMM);
	span_client_open(&reader->client);
	reader->tests = test_output_new(reader->spec->kind, deliver, reader);
	read_all(reader);
	test_output_free(reader->tests);
	span_client_close(&reader->client);
	_exit(0);
}

/* -- Around it ------------------------------------------------------------------------------------- */

static bool same_file(int one, int other)
{
	struct stat a, b;

	return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static int start_reader(const struct span_output_spec *spec, const int data[2], const int stop[2],
			const int done[2], struct span_output *ret)
{
	pid_t owner = getpid(), pid = fork();
	struct reader reader = {
		.spec = spec,
		.owner = owner,
		.in_fd = data[0],
		.out_fd = STDOUT_FILENO,
		.stop_fd = stop[0],
		.done_fd = done[1],
	};

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		close(data[1]);
		close(stop[1]);
		close(done[0]);
		be_reader(&reader);
	}
	ret->reader = pid;
	return 0;
}

static void close_pair(int pair[2])
{
	close_fd(pair[0]);
	close_fd(pair[1]);
}

int span_output_start(const struct span_output_spec *spec, struct span_output *ret)
{
	int data[2] = {-1, -1}, stop[2] = {-1, -1}, done[2] = {-1, -1}, r;
	bool with_stderr = same_file(STDOUT_FILENO, STDERR_FILENO);

	*ret = SPAN_OUTPUT_NONE;
	if (pipe2(data, O_CLOEXEC) || pipe2(stop, O_CLOEXEC) || pipe2(done, O_CLOEXEC))
		r = -errno;
	else
		r = start_reader(spec, data, stop, done, ret);
	if (r == 0) {
		/* dup2() clears O_CLOEXEC: the program inherits this descriptor. */
		dup2(data[1], STDOUT_FILENO);
		if (with_stderr)
			dup2(data[1], STDERR_FILENO);
		ret->stop_fd = steal_fd(&stop[1]);
		ret->done_fd = steal_fd(&done[0]);
	}
	close_pair(data);
	close_pair(stop);
	close_pair(done);
	return r;
}

void span_output_finish(struct span_output *output)
{
	struct pollfd done = {.fd = output->done_fd, .events = POLLIN};

	if (!output->reader)
		return;
	if (same_file(STDOUT_FILENO, STDERR_FILENO))
		close(STDERR_FILENO);
	close(STDOUT_FILENO);
	close_fd(output->stop_fd);
	while (poll(&done, 1, -1) < 0 && errno == EINTR)
		;
	close_fd(output->done_fd);
	waitpid(output->reader, NULL, WNOHANG);
	*output = SPAN_OUTPUT_NONE;
}
