/* The directory where a job keeps its state between latwrap start and latwrap stop */
#include "run/job_place.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/util.h"
#include "system/own_place.h"
#include "system/remove_tree.h"

#define NAME_BYTES_MAX 64
#define REQUEST_MS     1000 /* between connecting and sending */
#define CLAIM_TRIES    16

const char *job_name_complaint(const char *name)
{
	if (!*name || strlen(name) > NAME_BYTES_MAX)
		return "a name has 1 to 64 characters";
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")])
		return "a name has letters, digits, dots, dashes and underscores";
	return NULL;
}

/* -- The directory --------------------------------------------------------------------------------- */

struct search {
	const char *name;
	struct job_place *place;
	bool is_busy;
};

/* Whoever stops a job removes its directory: what we locked may have no name any more. */
static bool is_removed(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 || st.st_nlink == 0;
}

/* Returns the locked directory, -EWOULDBLOCK while somebody has it, or another -errno. */
static int claim(int base_fd, const char *directory)
{
	int r = -EAGAIN;

	for (unsigned i = 0; i < CLAIM_TRIES && r == -EAGAIN; i++) {
		_cleanup_close_ int fd = -1;

		if (mkdirat(base_fd, directory, 0700) < 0 && errno != EEXIST)
			return -errno;
		fd = own_place_open_below(base_fd, directory);
		r = fd < 0 && fd != -ENOENT ? fd : -EAGAIN;
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
			r = -errno;
		else if (fd >= 0 && !is_removed(fd))
			r = steal_fd(&fd);
	}
	return r;
}

static void found(struct search *search, int fd, const char *base, const char *directory)
{
	*search->place = (struct job_place){fd, xasprintf("%s/%s", base, directory)};
}

static int claim_below(void *context, int base_fd, const char *base)
{
	struct search *search = context;
	_cleanup_free_ char *directory = xasprintf("job-%s", search->name);
	int fd = claim(base_fd, directory);

	/* Do not look for another place: this one has the job. */
	search->is_busy = fd == -EWOULDBLOCK;
	if (search->is_busy)
		return 0;
	if (fd < 0)
		return fd;
	remove_tree_content(fd);
	found(search, fd, base, directory);
	return 0;
}

static int find_below(void *context, int base_fd, const char *base)
{
	struct search *search = context;
	_cleanup_free_ char *directory = xasprintf("job-%s", search->name);
	_cleanup_close_ int fd = own_place_open_below(base_fd, directory);

	if (fd < 0)
		return fd;
	if (faccessat(fd, JOB_FILE, F_OK, 0) < 0)
		return -errno;
	found(search, steal_fd(&fd), base, directory);
	return 0;
}

int job_place_claim(const char *name, struct job_place *ret, char **ret_complaint)
{
	struct search search = {.name = name, .place = ret};
	int r;

	*ret = JOB_PLACE_NONE;
	r = own_place_find(OWN_PLACE_RUNTIME, claim_below, &search, ret_complaint);
	return search.is_busy ? -EBUSY : r;
}

int job_place_find(const char *name, struct job_place *ret)
{
	struct search search = {.name = name, .place = ret};
	_cleanup_free_ char *complaint = NULL;

	*ret = JOB_PLACE_NONE;
	return own_place_find(OWN_PLACE_RUNTIME, find_below, &search, &complaint) < 0 ? -ENOENT : 0;
}

void job_place_wait(const struct job_place *place)
{
	while (flock(place->fd, LOCK_EX) < 0 && errno == EINTR)
		;
}

void job_place_close(struct job_place *place)
{
	close_fd(place->fd);
	free(place->path);
	*place = JOB_PLACE_NONE;
}

void job_place_remove(const struct job_place *place)
{
	remove_tree_content(place->fd);
	rmdir(place->path);
}

int job_place_write(const struct job_place *place, const char *name, const char *data, size_t size)
{
	_cleanup_close_ int fd = openat(
		place->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t n = fd < 0 ? -1 : write(fd, data, size);

	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EIO;
}

/* -- The socket ------------------------------------------------------------------------------------ */

/* The path may be longer than an address: go by the descriptor. */
static struct sockaddr_un address_in(const struct job_place *place)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/socket", place->fd);
	return address;
}

int job_place_listen(const struct job_place *place)
{
	struct sockaddr_un address = address_in(place);
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		return -errno;
	return steal_fd(&fd);
}

union descriptor_message {
	struct cmsghdr alignment;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static struct msghdr message_of(struct iovec *part, union descriptor_message *control)
{
	return (struct msghdr){
		.msg_iov = part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(*control),
	};
}

int job_place_ask(const struct job_place *place, const struct job_request *request)
{
	struct sockaddr_un address = address_in(place);
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct iovec part = {(void *)request, sizeof(*request)};
	union descriptor_message control = {0};
	struct msghdr message = message_of(&part, &control);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	*header = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(header), &(int){STDERR_FILENO}, sizeof(int));
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	/* If this fails, the recorder has just ended: the caller sees that the socket is closed. */
	sendmsg(fd, &message, MSG_NOSIGNAL);
	return steal_fd(&fd);
}

int job_place_take(int listen_fd, struct job_request *ret, int *ret_peer_fd)
{
	_cleanup_close_ int peer = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	struct pollfd ready = {.fd = peer, .events = POLLIN};
	struct iovec part = {ret, sizeof(*ret)};
	union descriptor_message control = {0};
	struct msghdr message = message_of(&part, &control);
	struct cmsghdr *header;
	int fd;

	if (peer < 0 || poll(&ready, 1, REQUEST_MS) <= 0 ||
	    recvmsg(peer, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != sizeof(*ret))
		return -EIO;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int)))
		return -EIO;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	*ret_peer_fd = steal_fd(&peer);
	return fd;
}
