/* latwrap span --relay: pass on messages from runners in languages without datagram sockets */
#include "cli/span_relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/util.h"
#include "runners/span_client.h"
#include "spans/span_message.h"

/* Messages that are kept while latwrap does not read: a runner that waited for us would wait in a test. */
#define BACKLOG 10000
#define LAST_PATIENCE_MS \
	500 /* for room, after the last message: some runners wait for us at their end */
#define PAUSE_MS   5
#define READ_BYTES 65536
#define PIPE_BYTES 1048576 /* all that a user may set: /proc/sys/fs/pipe-max-size */

struct relay {
	struct span_client client;
	pid_t owner;
	char *backlog[BACKLOG]; /* owned lines: a ring */
	size_t first, count;
	char line[SPAN_MESSAGE_BYTES];
	size_t length;
	bool is_too_long; /* the line; the rest of it is skipped */
};

/* We drop messages, too, and tell of all. */
static void send_with_unsent(struct relay *relay, const char *line)
{
	cJSON *message = cJSON_Parse(line), *unsent;

	if (!cJSON_IsObject(message)) {
		cJSON_Delete(message);
		return;
	}
	unsent = cJSON_DetachItemFromObjectCaseSensitive(message, "unsent");
	if (cJSON_IsNumber(unsent))
		relay->client.unsent +=
			(unsigned)MIN(MAX(unsent->valuedouble, 0.0), (double)UINT32_MAX);
	cJSON_Delete(unsent);
	cJSON_AddBoolToObject(message, "of_parent", true);
	cJSON_AddNumberToObject(message, "pid", relay->owner);
	span_client_send(&relay->client, message);
}

/* Nearly all messages need no parsing: in a string of JSON, a quote has a backslash before it. */
static void send_line(struct relay *relay, const char *line)
{
	size_t length = strlen(line);

	if (relay->client.unsent || strstr(line, "\"unsent\"") || length < 3 ||
	    line[length - 1] != '}')
		send_with_unsent(relay, line);
	else
		span_client_send_text(&relay->client,
				      xasprintf("%.*s,\"of_parent\":true,\"pid\":%d}",
						(int)length - 1, line, (int)relay->owner));
}

static char *take_first(struct relay *relay)
{
	char *line = relay->backlog[relay->first];

	relay->first = (relay->first + 1) % BACKLOG;
	relay->count--;
	return line;
}

static void keep_line(struct relay *relay)
{
	relay->client.unsent += relay->is_too_long || relay->count == BACKLOG;
	if (!relay->is_too_long) {
		if (relay->count == BACKLOG)
			free(take_first(relay));
		relay->backlog[(relay->first + relay->count++) % BACKLOG] =
			xstrndup(relay->line, relay->length);
	}
	relay->length = 0;
	relay->is_too_long = false;
}

/* Returns whether more may come. */
static bool read_lines(struct relay *relay)
{
	static char data[READ_BYTES];
	ssize_t bytes = read(STDIN_FILENO, data, sizeof(data));

	for (ssize_t i = 0; i < bytes; i++) {
		if (data[i] == '\n')
			keep_line(relay);
		else if (relay->length < sizeof(relay->line))
			relay->line[relay->length++] = data[i];
		else
			relay->is_too_long = true;
	}
	return bytes > 0 || (bytes < 0 && (errno == EINTR || errno == EAGAIN));
}

static void send_backlog(struct relay *relay)
{
	span_client_flush_by(&relay->client, 0);
	while (relay->count && !relay->client.kept) {
		_cleanup_free_ char *line = take_first(relay);

		send_line(relay, line);
	}
}

/* Whether a runner that writes during our pause finds room: if not, a pipe would stop it. */
static bool has_room(void)
{
	return fcntl(STDIN_FILENO, F_SETPIPE_SZ, PIPE_BYTES) >= 0 || errno == EBADF;
}

/*
 * Lets messages gather, so that not each of them wakes us, at the cost of the test that sends it:
 * they have their own times. The end of the input does not wait.
 */
static void pause_reading(void)
{
	struct pollfd input = {.fd = STDIN_FILENO}; /* POLLHUP comes in any case */

	poll(&input, 1, PAUSE_MS);
}

int span_relay(void)
{
	/* These signals are meant for the tests. We end when the tests close our input. */
	static const int ignored[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
				      SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM};
	static struct relay relay;
	bool has_input = true, can_pause = has_room();

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	prctl(PR_SET_NAME, SPAN_HELPER_COMM);
	relay.owner = getppid();
	span_client_open(&relay.client);
	while (has_input || relay.client.kept) {
		struct pollfd fds[] = {
			{.fd = has_input ? STDIN_FILENO : -1, .events = POLLIN},
			{.fd = relay.client.kept ? relay.client.fd : -1, .events = POLLOUT},
		};

		if (poll(fds, ARRAY_SIZE(fds), has_input ? -1 : LAST_PATIENCE_MS) == 0)
			break;
		if (fds[0].revents)
			has_input = read_lines(&relay);
		send_backlog(&relay);
		if (has_input && can_pause)
			pause_reading();
	}
	while (relay.count)
		free(take_first(&relay));
	span_client_close(&relay.client);
	return 0;
}
