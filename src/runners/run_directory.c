/* Claim the directory of a run, for its socket: the lowest free number in a private directory */
#include "runners/run_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "system/own_place.h"
#include "system/remove_tree.h"

#define RUNS_MAX       4096
#define PATH_MAX_BYTES 96 /* the address of a socket has 108 bytes (unix(7)) */
#define MODE           0711 /* nobody else can open the directory, and so nobody else can lock it */

/*
 * Claims one directory. Returns its locked descriptor, -EWOULDBLOCK while another run has it, or
 * another -errno.
 */
static int claim(int base_fd, const char *name)
{
	_cleanup_close_ int fd = -1;

	if (mkdirat(base_fd, name, MODE) < 0 && errno != EEXIST)
		return -errno;
	fd = own_place_open_below(base_fd, name);
	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fchmod(fd, MODE) < 0)
		return -errno;
	remove_tree_content(fd);
	return steal_fd(&fd);
}

static int claim_first_free(void *context, int base_fd, const char *base)
{
	struct run_directory *directory = context;
	int fd = -EWOULDBLOCK;

	for (unsigned i = 0; i < RUNS_MAX && fd == -EWOULDBLOCK; i++) {
		_cleanup_free_ char *path = xasprintf("%s/%u", base, i);

		if (strlen(path) > PATH_MAX_BYTES)
			return -ENAMETOOLONG;
		fd = claim(base_fd, path + strlen(base) + 1);
		if (fd >= 0)
			*directory = (struct run_directory){.fd = fd, .path = steal_ptr(path)};
	}
	return fd < 0 ? fd : 0;
}

int run_directory_make(struct run_directory *ret, char **ret_complaint)
{
	*ret = RUN_DIRECTORY_NONE;
	return own_place_find(OWN_PLACE_RUNTIME, claim_first_free, ret, ret_complaint);
}

void run_directory_remove(struct run_directory *directory)
{
	if (directory->fd >= 0)
		remove_tree_content(directory->fd);
	close_fd(directory->fd);
	free(directory->path);
	*directory = RUN_DIRECTORY_NONE;
}
