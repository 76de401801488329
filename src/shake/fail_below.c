/* --fail-below: which tests fail at a length or a shorter one, and which have no result there */
#include "shake/fail_below.h"

#include "base/duration.h"
#include "shake/search.h"
#include "shake/shake_words.h"
#include "views/view.h"

static bool fails(const struct shake_test *test, uint64_t limit_ns)
{
	return test->fails && test->fails->ns <= limit_ns;
}

/* Whether it was tried at the limit or at a longer length, and did not fail there in most runs. */
static bool holds(const struct shake *shake, const struct shake_test *test, uint64_t limit_ns)
{
	for (size_t i = 0; i < test->lengths.count; i++) {
		const struct shake_length *length = &test->lengths.list[i];

		/* A replay has the lengths of its report, and no others. */
		if ((length->ns >= limit_ns || shake->replayed) && length->runs &&
		    length->failed * 2 <= length->runs)
			return true;
	}
	return false;
}

static char *describe(const struct shake *shake, const struct shake_test *first, size_t unknown,
		      size_t count, uint64_t limit_ns)
{
	_cleanup_free_ char *name = first ? shake_name(first, view_escape_terminal) : NULL;
	_cleanup_free_ char *sentence = first ? shake_sentence(shake, first) : NULL;
	char limit[DURATION_FORMAT_BYTES];

	duration_format(limit, limit_ns);
	if (!first)
		return xasprintf("no test was tried at %s", limit);
	return xasprintf("%zu of %zu test%s %s no result at %s, for example %s: %s", unknown, count,
			 count == 1 ? "" : "s", unknown == 1 ? "has" : "have", limit, name,
			 sentence);
}

enum fail_below fail_below_judge(const struct shake *shake, uint64_t limit_ns, char *const *names,
				 char **ret_message)
{
	const struct shake_test *first = NULL;
	size_t count = 0, unknown = 0;

	for (size_t i = 0; i < shake->tests.count; i++) {
		const struct shake_test *test = &shake->tests.list[i];

		if (!search_has_name(names, test->name))
			continue;
		if (fails(test, limit_ns))
			return FAIL_BELOW_SOME;
		count++;
		if (holds(shake, test, limit_ns))
			continue;
		unknown++;
		first = first ? first : test;
	}
	if (count && !unknown)
		return FAIL_BELOW_NONE;
	*ret_message = describe(shake, first, unknown, count, limit_ns);
	return FAIL_BELOW_UNKNOWN;
}
