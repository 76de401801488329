/* Two reports of latwrap shake: did the margins change? */
#include "shake/shake_compare.h"

#include "base/hash.h"
#include "shake/shake_words.h"
#include "views/markdown/markdown_text.h"
#include "views/view.h"

static const char *const change_words[MARGIN_CHANGES] = {
	[MARGIN_LARGER] = "bears more",
	[MARGIN_SMALLER] = "bears less",
	[MARGIN_SAME] = "no difference",
};

static bool bears_what_failed(const struct shake_test *test, const struct shake_test *other)
{
	return test->bears && other->fails && test->bears->ns >= other->fails->ns;
}

enum margin_change shake_change(const struct shake_test *base, const struct shake_test *new)
{
	if (bears_what_failed(new, base))
		return MARGIN_LARGER;
	return bears_what_failed(base, new) ? MARGIN_SMALLER : MARGIN_SAME;
}

struct indexed {
	uint32_t hash;
	const struct shake_test *test;
};

static int compare_hashes(const void *a, const void *b)
{
	const struct indexed *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static struct indexed index_of(const struct shake_test *test)
{
	return (struct indexed){hash_string(test->name ? test->name : ""), test};
}

/* All tests of the report, sorted. The caller frees the list. */
static struct indexed *index_tests(const struct shake *shake)
{
	struct indexed *list = xcalloc(shake->tests.count + 1, sizeof(*list));

	for (size_t i = 0; i < shake->tests.count; i++)
		list[i] = index_of(&shake->tests.list[i]);
	qsort(list, shake->tests.count, sizeof(*list), compare_hashes);
	return list;
}

static const struct shake_test *find(const struct indexed *list, size_t count,
				     const struct shake_test *test)
{
	struct indexed key = index_of(test);
	const struct indexed *found = bsearch(&key, list, count, sizeof(*list), compare_hashes);

	while (found && found > list && found[-1].hash == key.hash)
		found--;
	for (; found && found < list + count && found->hash == key.hash; found++)
		if (streq_null(found->test->name, test->name) &&
		    streq_null(found->test->file, test->file) &&
		    streq_null(found->test->runner, test->runner))
			return found->test;
	return NULL;
}

static void put_row(const struct shake *shakes[2], const struct shake_test *tests[2], bool markdown,
		    FILE *out)
{
	_cleanup_free_ char *base = shake_sentence(shakes[0], tests[0]);
	_cleanup_free_ char *new = shake_sentence(shakes[1], tests[1]);
	_cleanup_free_ char *name =
		shake_name(tests[1], markdown ? markdown_cell : view_escape_terminal);
	const char *change = change_words[shake_change(tests[0], tests[1])];

	if (markdown)
		fprintf(out, "| %s | %s | %s | %s |\n", change, base, new, name);
	else
		fprintf(out, "  %-13s  test %s\n    base: %s\n    new:  %s\n", change, name, base,
			new);
}

void shake_compare(const struct shake *base, const struct shake *new, bool markdown, FILE *out)
{
	_cleanup_free_ struct indexed *bases = index_tests(base);
	const struct shake *shakes[2] = {base, new};
	size_t counts[MARGIN_CHANGES] = {0}, both = 0;

	for (size_t i = 0; i < new->tests.count; i++) {
		const struct shake_test *test = &new->tests.list[i];
		const struct shake_test *other = find(bases, base->tests.count, test);

		both += other != NULL;
		if (other)
			counts[shake_change(other, test)]++;
	}
	fprintf(out, "%slatwrap compare: %zu of %zu tests bear more, %zu bear less%s\n",
		markdown ? "## " : "", counts[MARGIN_LARGER], both, counts[MARGIN_SMALLER],
		markdown ? "\n\n| | base | new | test |\n| --- | --- | --- | --- |" : "");
	for (size_t i = 0; i < new->tests.count; i++) {
		const struct shake_test *tests[2] = {
			find(bases, base->tests.count, &new->tests.list[i]), &new->tests.list[i]};

		if (tests[0])
			put_row(shakes, tests, markdown, out);
	}
	if (both < MAX(base->tests.count, new->tests.count))
		fprintf(out, "%s%zu tests are in one of them only\n", markdown ? "\n" : "  ",
			base->tests.count + new->tests.count - 2 * both);
}
