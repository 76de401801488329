/* Raise resource limits for the run, and restore them for the command before it starts */
#include "system/rlimits.h"

#include <errno.h>
#include <fcntl.h>

#include "base/util.h"

#define DESCRIPTORS      4096
#define DESCRIPTORS_LEFT 32

void rlimits_raise(struct rlimits *ret)
{
	struct rlimit wanted;

	getrlimit(RLIMIT_NOFILE, &ret->descriptors);
	/* libbpf raises this one on kernels before 5.11, which charge BPF maps to it. */
	getrlimit(RLIMIT_MEMLOCK, &ret->locked_memory);
	if (ret->descriptors.rlim_cur >= DESCRIPTORS)
		return;
	wanted.rlim_cur = DESCRIPTORS;
	wanted.rlim_max = MAX(ret->descriptors.rlim_max, (rlim_t)DESCRIPTORS);
	if (setrlimit(RLIMIT_NOFILE, &wanted) == 0)
		return;
	wanted.rlim_cur = wanted.rlim_max = ret->descriptors.rlim_max;
	setrlimit(RLIMIT_NOFILE, &wanted);
}

int rlimits_restore(const struct rlimits *limits)
{
	return setrlimit(RLIMIT_NOFILE, &limits->descriptors) ||
			       setrlimit(RLIMIT_MEMLOCK, &limits->locked_memory)
		       ? -errno
		       : 0;
}

bool rlimits_leave_descriptors(void)
{
	int fds[DESCRIPTORS_LEFT];
	size_t count = 0;

	while (count < ARRAY_SIZE(fds)) {
		fds[count] = open("/", O_PATH | O_CLOEXEC);
		if (fds[count] < 0)
			break;
		count++;
	}
	for (size_t i = 0; i < count; i++)
		close_fd(fds[i]);
	return count == ARRAY_SIZE(fds);
}
