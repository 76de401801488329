/* Tests of base/outlet: pipes, terminals and sockets whose readers do not read */
#include "base/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"

#define SHORT_NS NSEC_PER_MSEC

static char data[1 << 20];

static void fill_up(const struct outlet *outlet)
{
	/* A terminal passes on what it has while we look. */
	do
		while (outlet_try(outlet, data, sizeof(data)) >= 0)
			;
	while (outlet_write(outlet, data, 1, 20 * NSEC_PER_MSEC) == 0);
	is_int((int)outlet_try(outlet, data, 1), -EAGAIN);
	is_int(outlet_write(outlet, data, 1, SHORT_NS), -ETIMEDOUT);
}

static void empty(int fd)
{
	char buf[4096];

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (read(fd, buf, sizeof(buf)) > 0)
		;
}

static void check(int read_fd, int write_fd, bool may_block)
{
	int flags = fcntl(write_fd, F_GETFL);
	struct outlet outlet;

	is_int(outlet_open(write_fd, &outlet), 0);
	is_int(outlet.may_block, may_block);
	fill_up(&outlet);
	okf(fcntl(write_fd, F_GETFL) == flags, "the caller's own flags");
	empty(read_fd);
	is_int(outlet_write(&outlet, data, 100, OUTLET_NO_HURRY), 0);
	outlet_close(&outlet);
	okf(fcntl(write_fd, F_GETFD) >= 0, "the caller's own descriptor");
}

static void test_pipe(void)
{
	int ends[2];

	ok(pipe2(ends, O_CLOEXEC) == 0);
	check(ends[0], ends[1], false);
	close(ends[0]);
	close(ends[1]);
}

/* Where the pipe cannot be opened again: by a user who did not make it. */
static void test_anothers_pipe(void)
{
	int ends[2];

	ok(pipe2(ends, O_CLOEXEC) == 0);
	if (geteuid() == 0 && seteuid(65534) == 0) {
		check(ends[0], ends[1], true);
		ok(seteuid(0) == 0);
	} else {
		okf(true, "the pipe of another user # SKIP needs root");
	}
	close(ends[0]);
	close(ends[1]);
}

static void test_socket(void)
{
	int ends[2];

	ok(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	check(ends[0], ends[1], false);
	close(ends[0]);
	close(ends[1]);
}

static void test_terminal(void)
{
	int master, terminal;

	ok(openpty(&master, &terminal, NULL, NULL, NULL) == 0);
	check(master, terminal, false);
	close(master);
	close(terminal);
}

static void test_slow_reader(void)
{
	struct outlet outlet;
	int ends[2];
	pid_t pid;

	ok(pipe2(ends, O_CLOEXEC) == 0 && outlet_open(ends[1], &outlet) == 0);
	fill_up(&outlet);
	pid = fork();
	if (pid == 0) {
		static char all[2 << 20];
		size_t size = 0;
		ssize_t n;

		outlet_close(&outlet);
		close(ends[1]);
		while ((n = read(ends[0], all + size, sizeof(all) - size)) > 0)
			size += (size_t)n;
		_exit(0);
	}
	is_int(outlet_write(&outlet, data, sizeof(data), OUTLET_PATIENCE_NS), 0);
	outlet_close(&outlet);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	struct outlet outlet;

	test_pipe();
	test_anothers_pipe();
	test_socket();
	test_terminal();
	test_slow_reader();
	is_int(outlet_open(999, &outlet), -EBADF);
	return tap_done();
}
