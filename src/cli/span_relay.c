/* latwrap span --relay: pass on messages from runners in languages without datagram sockets */
#include "cli/span_relay.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/util.h"
#include "spans/span_message.h"
#include "runners/span_client.h"

/* No test waits for this process. */
#define PATIENCE_NS NSEC_PER_SEC

static void relay_message(struct span_client *client, const char *line, pid_t owner)
{
	cJSON *message = cJSON_Parse(line);

	if (!cJSON_IsObject(message)) {
		cJSON_Delete(message);
		return;
	}
	cJSON_AddBoolToObject(message, "of_parent", true);
	cJSON_AddNumberToObject(message, "pid", owner);
	span_client_send_by(client, message, now_ns(CLOCK_MONOTONIC) + PATIENCE_NS);
}

int span_relay(void)
{
	/* These signals are meant for the tests. We end when the tests close our input. */
	static const int ignored[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
				      SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM};
	_cleanup_(span_client_close) struct span_client client;
	char line[SPAN_MESSAGE_BYTES];
	pid_t owner = getppid();
	bool inside_line = false;

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	prctl(PR_SET_NAME, SPAN_HELPER_COMM);
	span_client_open(&client);
	while (fgets(line, sizeof(line), stdin)) {
		bool whole = strchr(line, '\n') != NULL;

		/* Skip a line that is too long for a message, and the rest of it. */
		if (whole && !inside_line && client.fd >= 0)
			relay_message(&client, line, owner);
		inside_line = !whole;
	}
	return 0;
}
