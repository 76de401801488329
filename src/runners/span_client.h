/* Send messages about spans to an outer latwrap without waiting for it */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct span_client {
	int fd;
	/* owned: a message that found no room and goes before the next one; NULL: none */
	char *kept;
	unsigned unsent; /* dropped messages, which no message tells of that was sent or is kept */
};

#define SPAN_CLIENT_NONE ((struct span_client){.fd = -1})

/*
 * Connects to $LATWRAP_SOCKET. Returns 0 or -errno: -ENOENT without the variable, -ECONNREFUSED or
 * similar if nobody listens. The caller ends it with span_client_close().
 */
int span_client_open(struct span_client *ret);
/* Tries once more to send the kept message, for a few milliseconds at most, and closes. */
void span_client_close(struct span_client *client);

/* Makes a message with that event and span; the caller adds members. id may be NULL for "span". */
cJSON *span_client_message(const char *event, const char *id);
/*
 * Sends message, or keeps it for the next call if there is no room. Takes ownership of message.
 * Returns 0, or -errno if it can do neither.
 */
int span_client_send(struct span_client *client, cJSON *message);
/*
 * The same for a message as text, which must tell of the client's unsent messages. Takes ownership.
 */
int span_client_send_text(struct span_client *client, char *text);

/*
 * Like span_client_send(), but waits for room until deadline_ns (CLOCK_MONOTONIC): for messages
 * that are sent between tests, not during one.
 */
int span_client_send_by(struct span_client *client, cJSON *message, uint64_t deadline_ns);
/* Waits until the kept message is sent, or until deadline_ns. */
void span_client_flush_by(struct span_client *client, uint64_t deadline_ns);
/* Waits until all sent messages have been read, or until deadline_ns. */
void span_client_wait_read(struct span_client *client, uint64_t deadline_ns);

/*
 * Gets the CPU time of a process and of its children that it has waited for. Returns 0 or -errno.
 */
int span_client_cpu_time(pid_t pid, uint64_t *ret_ns);

/* Returns an ID that is unique among all senders of a run; the caller frees it. */
char *span_client_new_id(void);

/*
 * Returns whether an outer latwrap measures us: its socket is alive and we are in the cgroup of a
 * run.
 */
bool span_client_is_inside(void);
