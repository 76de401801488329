/* Tests of cli/junit_reading and junit_places: what all files together may have, and zones that cannot be told apart */
#include "cli/junit_reading.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/util.h"
#include "cli/junit_places.h"
#include "model/off_cpu.h"
#include "system/remove_tree.h"
#include "tap.h"

#define MINUTE_NS (60 * (uint64_t)NSEC_PER_SEC)

static struct told_places *places;

static void write_cases(int directory_fd, const char *name, size_t count)
{
	int fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	FILE *file = fdopen(fd, "w");

	fputs("<a>", file);
	for (size_t i = 0; i < count; i++)
		fputs("<testcase/>", file);
	fputs("</a>", file);
	fclose(file);
}

/* Small cases, of which the limit of bytes would let gigabytes of memory through */
static void test_cases_of_all_files(void)
{
	static char *const patterns[] = {"*.xml"};
	char directory[] = "/tmp/latwrap-test-XXXXXX";
	struct junit_request request = {.patterns = patterns, .pattern_count = 1};
	struct junit_files files;

	if (!ok(mkdtemp(directory)))
		return;
	request.directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	write_cases(request.directory_fd, "a.xml", 3);
	write_cases(request.directory_fd, "b.xml", JUNIT_CASES_MAX - 2);
	write_cases(request.directory_fd, "c.xml", 4);
	junit_read(&request, &files);
	is_u64(files.count, 2);
	is_u64(files.list[1].case_count, 4);
	is_u64(files.troubles[JUNIT_TOO_LARGE], 1);
	is_str(files.examples[JUNIT_TOO_LARGE],
	       "'b.xml' has too many test cases: 1000000 are read of all files together");
	junit_files_done(&files);
	remove_tree(AT_FDCWD, request.directory_fd, directory);
	close_fd(request.directory_fd);
}

/* Whether a test that began 5 minutes after its run, and ended 5 minutes before the run's end, has a time */
static bool has_time(bool has_zone, uint64_t run_minutes)
{
	struct run_facts facts = {0};
	struct junit_case test = {
		.failed = true,
		.duration = {true, false, {(run_minutes - 10) * MINUTE_NS, 1}},
		.has_timestamp = true,
		.timestamp = {.has_zone = has_zone, .resolution_ns = 1},
	};
	struct placed_case one = {.of = &test};

	clock_gettime(CLOCK_REALTIME, &facts.started_at);
	facts.start_ns = now_ns(CLOCK_MONOTONIC);
	facts.end_ns = facts.start_ns + run_minutes * MINUTE_NS;
	test.timestamp.ns = facts.started_at.tv_sec * (int64_t)NSEC_PER_SEC +
			    facts.started_at.tv_nsec + 5 * (int64_t)MINUTE_NS;
	junit_place(&one, 1, &facts, places);
	return one.time.is_known;
}

/* Between the looks at two clocks, this thread may have to wait for a CPU. */
static bool has_time_once(bool has_zone, uint64_t run_minutes)
{
	for (unsigned i = 0; i < 1000; i++)
		if (has_time(has_zone, run_minutes))
			return true;
	return false;
}

static void test_zones(void)
{
	struct off_cpu_table *table = off_cpu_new(4096);

	places = told_places_new(table);
	ok(has_time_once(false, 29));
	ok(!has_time_once(false, 31));
	ok(has_time_once(true, 31));
	places = told_places_free(places);
	off_cpu_free(table);
}

int main(void)
{
	test_cases_of_all_files();
	test_zones();
	return tap_done();
}
