/* Tests of base/util: macros, allocation, numbers, files */
#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

static int evaluations;

static int next(void)
{
	return ++evaluations;
}

static void test_macros(void)
{
	char five[5];
	const uint32_t three[3] = {0};
	char *text = xstrdup("text"), *stolen = steal_ptr(text);
	int fd = 7;

	is_u64(ARRAY_SIZE(five), 5);
	is_u64(ARRAY_SIZE(three), 3);
	is_int(MIN(3, 4), 3);
	is_int(MIN(4, 3), 3);
	is_int(MAX(3, 4), 4);
	is_int(MAX(MIN(1, 9), MIN(MAX(2, 3), 8)), 3);
	is_int(MIN(next(), 100), 1);
	is_int(evaluations, 1);

	ok(!text);
	is_str(stolen, "text");
	free(stolen);
	is_int(steal_fd(&fd), 7);
	is_int(fd, -1);

	ok(streq("", ""));
	ok(!streq("a", "ab"));
	is_str(startswith("latwrap.json", "latwrap"), ".json");
	is_str(startswith("same", "same"), "");
	is_str(startswith("any", ""), "any");
	ok(!startswith("lat", "latwrap"));
	ok(!startswith("xlatwrap", "latwrap"));
}

static int freed;

static void count_free(int *object)
{
	freed += *object;
}

DEFINE_CLEANUP(int *, count_free)

static void test_cleanup(void)
{
	int one = 1, fd_in_scope;

	{
		_cleanup_(count_freep) int *used = &one;
		_cleanup_(count_freep) int *unused = NULL;

		ok(used && !unused);
	}
	is_int(freed, 1);

	{
		_cleanup_close_ int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		_cleanup_close_ int none = -1;

		fd_in_scope = fd;
		ok(fd >= 0 && none < 0);
	}
	ok(fcntl(fd_in_scope, F_GETFD) < 0 && errno == EBADF);

	errno = ENOENT;
	is_int(close_fd(-1), -1);
	is_int(close_fd(12345), -1);
	is_int(errno, ENOENT);
}

static void test_allocation(void)
{
	_cleanup_free_ char *none = xmalloc(0), *zeros = xcalloc(4, 2), *empty = xcalloc(0, 5);
	_cleanup_free_ char *grown = xrealloc(NULL, 3), *array = xreallocarray(NULL, 3, 5);
	_cleanup_free_ char *part = xstrndup("abcdef", 3), *all = xstrndup("abc", 10);
	_cleanup_free_ char *text = xasprintf("%d-%s", 5, "x");
	static const char eight_zeros[8];
	pid_t pid;
	int status = 0;

	ok(none && empty && grown && array);
	ok(memcmp(zeros, eight_zeros, 8) == 0);
	is_str(part, "abc");
	is_str(all, "abc");
	is_str(text, "5-x");

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		close_fd(STDERR_FILENO);
		free(xreallocarray(NULL, SIZE_MAX / 2, 4));
		_exit(0);
	}
	okf(pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
		    WTERMSIG(status) == SIGABRT,
	    "an array larger than memory aborts");
}

static void test_parse_u64(void)
{
	static const char *const bad[] = {"",    " ",  "-1",  "+1",
					  "1 ",  " 1", "0x1", "1.0",
					  "1e3", "a",  "1\n", "99999999999999999999x"};
	uint64_t value = 99;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		okf(parse_u64(bad[i], &value) == -EINVAL && value == 99, "not a number, row %zu",
		    i);
	is_int(parse_u64("18446744073709551616", &value), -ERANGE);
	is_int(parse_u64("99999999999999999999", &value), -ERANGE);
	is_int(parse_u64("184467440737095516150", &value), -ERANGE);
	is_u64(value, 99);
	is_int(parse_u64("18446744073709551615", &value), 0);
	is_u64(value, UINT64_MAX);
	is_int(parse_u64("0", &value), 0);
	is_u64(value, 0);
	is_int(parse_u64("0000000000000000000000012", &value), 0);
	is_u64(value, 12);
}

static void test_files(void)
{
	char dir[] = "/tmp/test_util.XXXXXX";
	_cleanup_free_ char *content = NULL, *proc = NULL, *large = NULL, *untouched = NULL;
	_cleanup_close_ int dirfd = -1;
	size_t size_bytes = 99;

	if (!ok(mkdtemp(dir) != NULL))
		return;
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	is_int(write_file_at(dirfd, "value", "x"), -ENOENT);
	close_fd(openat(dirfd, "value", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	is_int(read_file_at(dirfd, "value", &content, &size_bytes), 0);
	is_str(content, "");
	is_u64(size_bytes, 0);
	is_int(write_file_at(dirfd, "value", "a new value\n"), 0);
	free(content);
	is_int(read_file_at(dirfd, "value", &content, NULL), 0);
	is_str(content, "a new value\n");
	is_int(write_file_at(dirfd, ".", "x"), -EISDIR);

	is_int(read_file_at(dirfd, "none", &untouched, &size_bytes), -ENOENT);
	is_int(read_file_at(dirfd, ".", &untouched, &size_bytes), -EISDIR);
	ok(!untouched && size_bytes == 0);

	/* Around the size of the first buffer, where a NUL could be forgotten. */
	large = xcalloc(1, 8200);
	memset(large, 'x', 8199);
	for (size_t n = 4094; n <= 4097; n++) {
		_cleanup_free_ char *back = NULL;

		large[n] = '\0';
		okf(write_file_at(dirfd, "value", large) == 0 &&
			    read_file_at(dirfd, "value", &back, &size_bytes) == 0 &&
			    size_bytes == n && streq(back, large),
		    "%zu bytes there and back", n);
		large[n] = 'x';
	}

	/* st_size is 0 there. */
	is_int(read_file("/proc/self/status", &proc, &size_bytes), 0);
	ok(proc && size_bytes > 100 && startswith(proc, "Name:"));

	unlinkat(dirfd, "value", 0);
	rmdir(dir);
}

static void test_now(void)
{
	uint64_t before = now_ns(CLOCK_MONOTONIC), after = now_ns(CLOCK_MONOTONIC);

	ok(before > 0 && after >= before);
	/* 2020-01-01: the seconds and nanoseconds are put together in the right order. */
	ok(now_ns(CLOCK_REALTIME) > UINT64_C(1577836800) * NSEC_PER_SEC);
}

static void test_take_u64(void)
{
	const char *text = "12 34x";
	uint64_t number = 7;

	ok(take_u64(&text, &number) == 0 && number == 12);
	is_str(text, " 34x");
	ok(take_u64(&text, &number) == -EINVAL && number == 12);
	is_str(text++, " 34x");
	ok(take_u64(&text, &number) == 0 && number == 34);
	text = "18446744073709551616.";
	ok(take_u64(&text, &number) == -ERANGE && number == 34);
	is_str(text, ".");
}

static void test_streq_null(void)
{
	ok(streq_null("a", "a") && streq_null(NULL, NULL));
	ok(!streq_null("a", "b") && !streq_null("a", NULL) && !streq_null(NULL, ""));
}

static void test_grow_array(void)
{
	size_t *list = NULL;
	bool all = true;

	for (size_t count = 0; count < 100; count++) {
		list = grow_array(list, count, sizeof(*list));
		list[count] = count;
	}
	for (size_t i = 0; i < 100; i++)
		all &= list[i] == i;
	ok(all);
	free(list);
}

int main(void)
{
	test_macros();
	test_cleanup();
	test_allocation();
	test_parse_u64();
	test_files();
	test_now();
	test_take_u64();
	test_streq_null();
	test_grow_array();
	return tap_done();
}
