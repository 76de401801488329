/* A service that other programs ask: it echoes what it gets over a unix socket; `make demo` starts it outside the run. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SECONDS_MAX 60 /* it ends by itself if nobody ends it */

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener, peer;
	char byte;

	if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) {
		fprintf(stderr, "usage: echo-daemon SOCKET\n");
		return 2;
	}
	alarm(SECONDS_MAX);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	strcpy(address.sun_path, argv[1]);
	unlink(argv[1]);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 1)) {
		perror("echo-daemon");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while ((peer = accept(listener, NULL, NULL)) >= 0) {
		while (recv(peer, &byte, 1, 0) == 1)
			if (send(peer, &byte, 1, MSG_NOSIGNAL) != 1)
				break;
		close(peer);
	}
	perror("echo-daemon: accept");
	return 1;
}
