/* The other end of the span socket: tells a latwrap around us of a span, without ever waiting for it. */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct span_client {
	int fd;
	char *kept; /* owned: a message that found no room, to go before the next; NULL: none */
	unsigned unsent;
};

#define SPAN_CLIENT_NONE ((struct span_client){.fd = -1})

/* Connects to $LATWRAP_SOCKET. -ENOENT without the variable, -ECONNREFUSED and the like when nobody
 * listens. The caller ends it with span_client_close(). */
int span_client_open(struct span_client *ret);
/* Gives what was kept a last chance, of some milliseconds at most. */
void span_client_close(struct span_client *client);

/* A message of that event and span, for the caller to add to. The id may be NULL for "span". */
cJSON *span_client_message(const char *event, const char *id);
/* Sends message, which it takes over, or keeps it for the next call when there is no room. Returns 0, or -errno
 * when it could neither. */
int span_client_send(struct span_client *client, cJSON *message);

/* The same, waiting for room until then (CLOCK_MONOTONIC): for what is told beside the tests, not within one. */
int span_client_send_by(struct span_client *client, cJSON *message, uint64_t deadline_ns);
/* Until all that was sent has been read, or then. */
void span_client_wait_read(struct span_client *client, uint64_t deadline_ns);

/* What a process has used so far, with those of its children that it has waited for. 0 or -errno. */
int span_client_cpu_time(pid_t pid, uint64_t *ret_ns);

/* Unique among all senders of a run. The caller frees it. */
char *span_client_new_id(void);

/* Whether a latwrap measures us: its socket is alive and we are in the cgroup of a run. */
bool span_client_is_inside(void);
