/* Read the JUnit files that a run has written (--junit), as untrusted input and in limited time */
#include "cli/junit_reading.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/thread.h"
#include "base/util.h"
#include "report/load.h"
#include "system/file_glob.h"

#define PATIENCE_S    10
/* A file has the time of the last tick of the kernel's clock, at most 10 ms ago. */
#define CLOCK_TICK_NS (10 * (int64_t)NSEC_PER_MSEC)

/* Two threads share it: the one that reads, and the one that waits for it. */
struct reading {
	struct junit_request request; /* patterns: a copy of its own, as the caller may be gone */
	uid_t user_uid; /* of the command */
	struct junit_files files;
	pthread_mutex_t lock; /* of files */
	bool is_abandoned; /* under the lock: nobody waits any more */
	bool is_over; /* under the lock: all is read */
	pthread_cond_t over;
	uint64_t bytes_left; /* that are read of all files together */
	size_t cases_left; /* that are kept of all files together */
	struct stat *seen; /* owned */
	size_t seen_count;
};

/* -- In the thread that reads ---------------------------------------------------------------------- */

static void trouble(struct reading *reading, enum junit_trouble kind, char *example)
{
	struct junit_files *files = &reading->files;

	pthread_mutex_lock(&reading->lock);
	if (!files->troubles[kind]++)
		files->examples[kind] = steal_ptr(example);
	pthread_mutex_unlock(&reading->lock);
	free(example);
}

/*
 * The system calls instead of those of libc: they are for this thread only. As another user, no
 * link in the place of a file leads to what only root may read.
 */
static int become_user(const struct user_spec *user)
{
	if (!user || user->current || geteuid() != 0 || user->uid == 0)
		return 0;
	if (syscall(SYS_setgroups, user->ngroups, user->groups) < 0)
		return -errno;
	setfsgid(user->gid);
	setfsuid(user->uid);
	return (uid_t)setfsuid((uid_t)-1) == user->uid ? 0 : -EPERM;
}

static bool is_of_others(const struct reading *reading, const struct stat *st)
{
	return st->st_uid != 0 && st->st_uid != getuid() && st->st_uid != reading->user_uid;
}

static bool is_older(const struct stat *st, const struct timespec *since)
{
	int64_t seconds = st->st_mtim.tv_sec - since->tv_sec;

	if (seconds < -1 || seconds > 1)
		return seconds < 0;
	return seconds * (int64_t)NSEC_PER_SEC + st->st_mtim.tv_nsec - since->tv_nsec <
	       -CLOCK_TICK_NS;
}

/* Whether the file, which can have several names, was looked at before. */
static bool was_seen(struct reading *reading, const struct stat *st)
{
	for (size_t i = 0; i < reading->seen_count; i++)
		if (reading->seen[i].st_ino == st->st_ino && reading->seen[i].st_dev == st->st_dev)
			return true;
	reading->seen = grow_array(reading->seen, reading->seen_count, sizeof(*reading->seen));
	reading->seen[reading->seen_count++] = *st;
	return false;
}

/* Returns whether to read the file. */
static bool judge_file(struct reading *reading, const char *path, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		trouble(reading, JUNIT_NO_FILE,
			xasprintf("'%s' is %s", path,
				  S_ISDIR(st->st_mode) ? "a directory: name the files in it"
						       : "not a regular file"));
	else if (is_older(st, &reading->request.since))
		trouble(reading, JUNIT_OLD, xasprintf("'%s' was not written during the run", path));
	else if (is_of_others(reading, st))
		trouble(reading, JUNIT_OF_OTHERS,
			xasprintf("'%s' belongs to user %u, who is not the user of the run", path,
				  (unsigned)st->st_uid));
	else if ((uint64_t)st->st_size > reading->bytes_left)
		trouble(reading, JUNIT_TOO_LARGE,
			xasprintf("'%s' is too large: %" PRIu64
				  " MiB are read of all files together",
				  path, REPORT_FILE_BYTES_MAX >> 20));
	else
		return true;
	return false;
}

/* Opens the very file that was judged: the name may be that of a FIFO or a device by now. */
static int open_again(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Takes ownership of data. Returns false if nobody waits any more. */
static bool take_data(struct reading *reading, const char *path, char *data, size_t size)
{
	struct junit_files *files = &reading->files;
	struct junit_file file;
	int r = junit_file_read(data, size, &file);
	bool goes_on;

	if (r < 0)
		trouble(reading, file.is_cut ? JUNIT_CUT : JUNIT_NO_XML,
			xasprintf("'%s' %s", path, file.problem));
	free(steal_ptr(file.data));
	if (file.case_count > reading->cases_left) {
		trouble(reading, JUNIT_TOO_LARGE,
			xasprintf("'%s' has too many test cases: %d are read of all files together",
				  path, JUNIT_CASES_MAX));
		junit_file_done(&file);
	}
	reading->cases_left -= file.case_count;
	pthread_mutex_lock(&reading->lock);
	goes_on = !reading->is_abandoned;
	if (goes_on && file.case_count) {
		files->list = grow_array(files->list, files->count, sizeof(*files->list));
		files->names = grow_array(files->names, files->count, sizeof(char *));
		files->names[files->count] = xstrdup(path);
		files->list[files->count++] = file;
	} else {
		junit_file_done(&file);
	}
	pthread_mutex_unlock(&reading->lock);
	return goes_on;
}

static bool read_one(struct reading *reading, const char *path)
{
	_cleanup_close_ int place_fd = -1, fd = -1;
	struct stat st;
	char *data = NULL;
	size_t size = 0;
	int r;

	/* O_PATH opens nothing yet: it neither waits for the writer of a FIFO nor starts a device. */
	place_fd = openat(reading->request.directory_fd, path, O_PATH | O_CLOEXEC);
	if (place_fd < 0 || fstat(place_fd, &st) < 0) {
		trouble(reading, JUNIT_UNREADABLE,
			xasprintf("'%s' cannot be opened: %s", path, strerror(errno)));
		return true;
	}
	if (was_seen(reading, &st) || !judge_file(reading, path, &st))
		return true;
	fd = open_again(place_fd);
	r = fd < 0 ? -errno : report_read_fd(fd, &data, &size);
	if (r < 0) {
		trouble(reading, JUNIT_UNREADABLE,
			xasprintf("'%s' cannot be read: %s", path, strerror(-r)));
		return true;
	}
	reading->bytes_left -= MIN((uint64_t)size, reading->bytes_left);
	return take_data(reading, path, data, size);
}

static void find_all(struct reading *reading, struct found_files *found)
{
	const struct junit_request *request = &reading->request;
	const char *unmatched = NULL;

	for (size_t i = 0; i < request->pattern_count; i++) {
		size_t before = found->count;

		find_files(request->directory_fd, request->patterns[i], found);
		if (found->count == before && !unmatched && !found->is_cut)
			unmatched = request->patterns[i];
	}
	found_files_sort(found);
	pthread_mutex_lock(&reading->lock);
	reading->files.unmatched = unmatched;
	reading->files.is_cut = found->is_cut;
	pthread_mutex_unlock(&reading->lock);
}

static void free_reading(struct reading *reading)
{
	pthread_cond_destroy(&reading->over);
	pthread_mutex_destroy(&reading->lock);
	junit_files_done(&reading->files);
	free((void *)reading->request.patterns);
	free(reading->seen);
	free(reading);
}

static void *read_all(void *context)
{
	struct reading *reading = context;
	struct found_files found = {0};
	bool goes_on = true, is_abandoned;
	int r = become_user(reading->request.user);

	if (r < 0)
		trouble(reading, JUNIT_UNREADABLE,
			xasprintf("no file can be read as the user of the command: %s",
				  strerror(-r)));
	else
		find_all(reading, &found);
	for (size_t i = 0; i < found.count && goes_on; i++)
		goes_on = read_one(reading, found.paths[i]);
	found_files_done(&found);
	pthread_mutex_lock(&reading->lock);
	is_abandoned = reading->is_abandoned;
	reading->is_over = true;
	pthread_cond_signal(&reading->over);
	pthread_mutex_unlock(&reading->lock);
	if (is_abandoned)
		free_reading(reading);
	return NULL;
}

/* -- In the thread that waits ---------------------------------------------------------------------- */

static char **copy_patterns(const struct junit_request *request)
{
	char **copy = xcalloc(request->pattern_count + 1, sizeof(*copy));

	memcpy(copy, request->patterns, request->pattern_count * sizeof(*copy));
	return copy;
}

/* No pthread_timedjoin_np(): a clock that is set during the wait would end or prolong it. */
static void prepare_to_wait(struct reading *reading)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&reading->over, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&reading->lock, NULL);
}

/* Takes what is read so far. Returns whether that is all. */
static bool wait_for(struct reading *reading, struct junit_files *ret)
{
	struct timespec until;
	bool is_over;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&reading->lock);
	while (!reading->is_over &&
	       pthread_cond_timedwait(&reading->over, &reading->lock, &until) == 0)
		;
	*ret = reading->files;
	reading->files = (struct junit_files){0};
	is_over = reading->is_over;
	reading->is_abandoned = !is_over;
	pthread_mutex_unlock(&reading->lock);
	return is_over;
}

void junit_read(const struct junit_request *request, struct junit_files *ret)
{
	struct reading *reading = xcalloc(1, sizeof(*reading));
	pthread_t thread;
	int r;

	*ret = (struct junit_files){0};
	reading->request = *request;
	reading->request.patterns = copy_patterns(request);
	reading->user_uid = request->user ? request->user->uid : getuid();
	reading->bytes_left = REPORT_FILE_BYTES_MAX;
	reading->cases_left = JUNIT_CASES_MAX;
	prepare_to_wait(reading);
	r = thread_start(&thread, read_all, reading);
	if (r < 0) {
		ret->troubles[JUNIT_UNREADABLE] = 1;
		ret->examples[JUNIT_UNREADABLE] =
			xasprintf("no file can be read: %s", strerror(-r));
		free_reading(reading);
		return;
	}
	ret->is_late = !wait_for(reading, ret);
	if (ret->is_late) {
		/* The thread frees the reading, perhaps already. */
		pthread_detach(thread);
		return;
	}
	pthread_join(thread, NULL);
	free_reading(reading);
}

void junit_files_done(struct junit_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		junit_file_done(&files->list[i]);
		free(files->names[i]);
	}
	for (size_t i = 0; i < JUNIT_TROUBLES; i++)
		free(files->examples[i]);
	free(files->list);
	free(files->names);
	*files = (struct junit_files){0};
}
