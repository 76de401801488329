/* Close what a forked process of latwrap does not need */
#include "run/close_others.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"

#define DESCRIPTORS_MOST 65536

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Before Linux 5.9 there is no close_range(2). */
static void close_between(int first, int last)
{
	struct rlimit limit = {0};

	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return;
	getrlimit(RLIMIT_NOFILE, &limit);
	for (int i = first; i <= last && i < (int)MIN(limit.rlim_cur, (rlim_t)DESCRIPTORS_MOST);
	     i++)
		close(i);
}

void close_others(int *keep, size_t count)
{
	int first = 0;

	qsort(keep, count, sizeof(*keep), compare);
	for (size_t i = 0; i < count; i++) {
		close_between(first, keep[i] - 1);
		first = keep[i] + 1;
	}
	close_between(first, INT32_MAX);
}
