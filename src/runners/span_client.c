/* Send messages about spans to an outer latwrap without waiting for it */
#include "runners/span_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/util.h"
#include "spans/span_message.h"
#include "system/procfs.h"

#define LAST_CHANCE_MS 20

int span_client_open(struct span_client *ret)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = secure_getenv("LATWRAP_SOCKET");
	_cleanup_close_ int fd = -1;

	*ret = SPAN_CLIENT_NONE;
	if (!path || !*path)
		return -ENOENT;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return -errno;
	ret->fd = steal_fd(&fd);
	return 0;
}

/* Returns 0 or -errno; -EAGAIN if there is no room now. */
static int try_send(struct span_client *client, const char *text)
{
	if (send(client->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return 0;
	return errno == ENOBUFS ? -EAGAIN : -errno;
}

static int flush(struct span_client *client)
{
	int r;

	if (!client->kept)
		return 0;
	r = try_send(client, client->kept);
	if (r == -EAGAIN)
		return r;
	client->unsent += r < 0;
	free(steal_ptr(client->kept));
	return 0;
}

void span_client_close(struct span_client *client)
{
	struct pollfd writable = {.fd = client->fd, .events = POLLOUT};

	if (client->kept && poll(&writable, 1, LAST_CHANCE_MS) > 0)
		flush(client);
	free(client->kept);
	close_fd(client->fd);
	*client = SPAN_CLIENT_NONE;
}

cJSON *span_client_message(const char *event, const char *id)
{
	cJSON *message = cJSON_CreateObject();

	cJSON_AddNumberToObject(message, "v", 1);
	cJSON_AddStringToObject(message, "event", event);
	if (id)
		cJSON_AddStringToObject(message, "id", id);
	return message;
}

int span_client_send_text(struct span_client *client, char *text)
{
	int r;

	if (!text || strlen(text) > SPAN_MESSAGE_BYTES) {
		client->unsent++;
		free(text);
		return -EMSGSIZE;
	}
	r = flush(client);
	if (r == 0)
		r = try_send(client, text);
	if (r == 0) {
		client->unsent = 0;
	} else if (r == -EAGAIN && !client->kept) {
		client->kept = steal_ptr(text);
		client->unsent = 0;
		r = 0;
	} else {
		client->unsent++;
	}
	free(text);
	return r;
}

int span_client_send(struct span_client *client, cJSON *message)
{
	char *text;

	if (client->unsent)
		cJSON_AddNumberToObject(message, "unsent", client->unsent);
	text = cJSON_PrintUnformatted(message);
	cJSON_Delete(message);
	return span_client_send_text(client, text);
}

static bool wait_for_room(struct span_client *client, uint64_t deadline_ns)
{
	struct pollfd writable = {.fd = client->fd, .events = POLLOUT};
	uint64_t time_ns = now_ns(CLOCK_MONOTONIC);

	return time_ns < deadline_ns &&
	       poll(&writable, 1, (int)((deadline_ns - time_ns) / NSEC_PER_MSEC) + 1) > 0;
}

void span_client_flush_by(struct span_client *client, uint64_t deadline_ns)
{
	while (client->kept && flush(client) == -EAGAIN && wait_for_room(client, deadline_ns))
		;
}

int span_client_send_by(struct span_client *client, cJSON *message, uint64_t deadline_ns)
{
	span_client_flush_by(client, deadline_ns);
	return span_client_send(client, message);
}

void span_client_wait_read(struct span_client *client, uint64_t deadline_ns)
{
	const struct timespec moment = {.tv_nsec = 500000};
	int unread = 0;

	span_client_flush_by(client, deadline_ns);
	/*
	 * The kernel does not notify the sender when a datagram is read, but tells how many bytes
	 * are unread (unix_ioctl()).
	 */
	while (ioctl(client->fd, SIOCOUTQ, &unread) == 0 && unread > 0 &&
	       now_ns(CLOCK_MONOTONIC) < deadline_ns)
		nanosleep(&moment, NULL);
}

int span_client_cpu_time(pid_t pid, uint64_t *ret_ns)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/stat", pid), *text = NULL;
	const char *fields;
	unsigned long long ticks = 0;
	int r = read_file(path, &text, NULL);

	if (r < 0)
		return r;
	/*
	 * proc_pid_stat(5): utime to cstime are the fields 14 to 17. The name of the process may
	 * contain any character, and ends with the last ')'.
	 */
	fields = strrchr(text, ')');
	for (unsigned field = 2; fields && field <= 17; field++) {
		if (field >= 14)
			ticks += strtoull(fields, NULL, 10);
		fields = strchr(fields, ' ');
		fields += fields != NULL;
	}
	*ret_ns = ticks * (NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
	return fields ? 0 : -EINVAL;
}

char *span_client_new_id(void)
{
	static unsigned count;

	/* The time makes the ID unique if a PID is reused. */
	return xasprintf("span-%d-%llx-%u", getpid(), (unsigned long long)now_ns(CLOCK_MONOTONIC),
			 ++count);
}

bool span_client_is_inside(void)
{
	struct span_client client;
	_cleanup_free_ char *path = NULL;
	bool can_connect = span_client_open(&client) == 0;

	if (can_connect)
		span_client_close(&client);
	return can_connect && procfs_own_cgroup(&path) == 0 && strstr(path, "/latwrap-");
}
