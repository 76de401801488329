/* Tests of shake/fail_below: a limit that was not tried has not been kept */
#include "shake/fail_below.h"

#include "base/util.h"
#include "tap.h"

#define MS UINT64_C(1000000)

static char *all[] = {NULL};

static struct shake_length at_50_ms = {50 * MS, 5, 5}, at_200_ms = {200 * MS, 5, 4};

/* Tried at one length, with so many failures; 0 runs: not tried */
static struct shake_test tried(const char *name, struct shake_length *at)
{
	struct shake_test test = {.name = name, .status = {"not-reached", SHAKE_NOT_REACHED}};

	if (!at->runs)
		return test;
	test.lengths.list = at;
	test.lengths.count = 1;
	test.status = (struct word){"bears", SHAKE_BEARS};
	if (at->failed * 2 > at->runs) {
		test.fails = at;
		test.status = (struct word){"fails", SHAKE_FAILS};
	}
	return test;
}

static enum fail_below judge(struct shake_test *tests, size_t count, char *const *names,
			     char **ret_message)
{
	const struct shake shake = {.tests = {tests, count}};

	*ret_message = NULL;
	return fail_below_judge(&shake, 100 * MS, names, ret_message);
}

static void test_tried(void)
{
	struct shake_length long_enough = {200 * MS, 5, 2};
	struct shake_test tests[] = {tried("bears", &long_enough), tried("fails", &at_50_ms)};
	_cleanup_free_ char *message = NULL;

	is_int(judge(tests, 1, all, &message), FAIL_BELOW_NONE);
	is_int(judge(tests, 2, all, &message), FAIL_BELOW_SOME);
	ok(!message);
}

/* Its search was stopped: a shorter length was not tried, and may make it fail as well. */
static void test_stopped(void)
{
	struct shake_test test = tried("stopped", &at_200_ms);
	_cleanup_free_ char *message = NULL;

	is_int(judge(&test, 1, all, &message), FAIL_BELOW_UNKNOWN);
	is_str(message, "1 of 1 test has no result at 100ms, for example stopped: fails at 200ms "
			"(4 of 5)");
}

static void test_not_reached(void)
{
	struct shake_length long_enough = {100 * MS, 5, 0}, none = {0};
	struct shake_test tests[] = {tried("bears", &long_enough), tried("short", &none)};
	char bears[] = "bears", typo[] = "typo";
	_cleanup_free_ char *message = NULL, *of_chosen = NULL, *of_none = NULL;

	is_int(judge(tests, 2, all, &message), FAIL_BELOW_UNKNOWN);
	ok(strstr(message, "1 of 2 tests has no result") && strstr(message, "short: not reached"));
	is_int(judge(tests, 2, (char *[]){bears, NULL}, &of_chosen), FAIL_BELOW_NONE);
	is_int(judge(tests, 2, (char *[]){typo, NULL}, &of_none), FAIL_BELOW_UNKNOWN);
	is_str(of_none, "no test was tried at 100ms");
}

int main(void)
{
	test_tried();
	test_stopped();
	test_not_reached();
	return tap_done();
}
