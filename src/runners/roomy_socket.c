/* Make a datagram socket with a longer queue than the 10 messages of Linux, if allowed */
#include "runners/roomy_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"

#define ROOM      2048
#define ROOM_TEXT "2048"
#define SETTING   "/proc/sys/net/unix/max_dgram_qlen"

/* A message with one byte and one descriptor */
struct parcel {
	struct msghdr message;
	struct iovec part;
	char byte;
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
};

static void parcel_init(struct parcel *parcel)
{
	*parcel = (struct parcel){0};
	parcel->part = (struct iovec){&parcel->byte, 1};
	parcel->message = (struct msghdr){
		.msg_iov = &parcel->part,
		.msg_iovlen = 1,
		.msg_control = &parcel->control,
		.msg_controllen = sizeof(parcel->control),
	};
}

static int plain_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

/* Runs in the child, which may only make system calls, as after any clone without exec. */
static void make_and_send(int channel)
{
	struct parcel parcel;
	int setting, fd;

	if (unshare(CLONE_NEWNET) < 0)
		return;
	setting = open(SETTING, O_WRONLY | O_CLOEXEC);
	if (setting < 0 || write(setting, ROOM_TEXT, sizeof(ROOM_TEXT) - 1) < 0)
		return;
	fd = plain_socket();
	if (fd < 0)
		return;
	parcel_init(&parcel);
	parcel.control.header = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	};
	memcpy(CMSG_DATA(&parcel.control.header), &fd, sizeof(fd));
	sendmsg(channel, &parcel.message, MSG_NOSIGNAL);
}

static int receive(int channel)
{
	struct parcel parcel;
	int fd;

	parcel_init(&parcel);
	if (recvmsg(channel, &parcel.message, MSG_CMSG_CLOEXEC) != 1 ||
	    parcel.message.msg_controllen < sizeof(parcel.control.header) ||
	    parcel.control.header.cmsg_type != SCM_RIGHTS)
		return -EPERM;
	memcpy(&fd, CMSG_DATA(&parcel.control.header), sizeof(fd));
	return fd;
}

static unsigned system_room(void)
{
	_cleanup_free_ char *text = NULL;
	uint64_t room = 10;

	if (read_file(SETTING, &text, NULL) == 0) {
		text[strcspn(text, "\n")] = '\0';
		parse_u64(text, &room);
	}
	return (unsigned)MIN(room, UINT64_C(65536));
}

void roomy_socket_begin(struct roomy_socket *ret)
{
	/* No exit signal: the caller must not get a SIGCHLD. */
	struct clone_args args = {0};
	int channel[2];

	*ret = ROOMY_SOCKET_NONE;
	ret->system_room = system_room();
	if (ret->system_room >= ROOM ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) < 0)
		return;
	ret->pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (ret->pid == 0) {
		make_and_send(channel[1]);
		_exit(0);
	}
	close_fd(channel[1]);
	ret->channel = channel[0];
}

/*
 * Returns the socket or -errno. Whether or not the process succeeded, its exit closes the channel.
 */
static int take(struct roomy_socket *making)
{
	int fd = making->pid > 0 ? receive(making->channel) : -EPERM;

	while (making->pid > 0 && waitpid(making->pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	close_fd(making->channel);
	*making =
		(struct roomy_socket){.pid = -1, .channel = -1, .system_room = making->system_room};
	return fd;
}

int roomy_socket_end(struct roomy_socket *making, unsigned *ret_room)
{
	int fd = take(making);

	*ret_room = fd < 0 ? making->system_room : ROOM;
	return fd < 0 ? plain_socket() : fd;
}

void roomy_socket_close(struct roomy_socket *making)
{
	close_fd(take(making));
}
