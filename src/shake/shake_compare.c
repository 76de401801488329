/* Two reports of latwrap shake: did the margins change? */
#include "shake/shake_compare.h"

#include "base/hash.h"
#include "base/json_writer.h"
#include "shake/shake_words.h"
#include "views/markdown/markdown_text.h"
#include "views/view.h"

static const char *const change_words[MARGIN_CHANGES] = {
	[MARGIN_LARGER] = "bears more",
	[MARGIN_SMALLER] = "bears less",
	[MARGIN_SAME] = "no difference",
};

static const char *const change_names[MARGIN_CHANGES] = {
	[MARGIN_LARGER] = "larger",
	[MARGIN_SMALLER] = "smaller",
	[MARGIN_SAME] = "same",
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

/* -- Pairs ----------------------------------------------------------------------------------------- */

struct pair {
	const struct shake_test *tests[2]; /* base and new */
	enum margin_change change;
};

struct pairs {
	const struct shake *shakes[2];
	struct pair *list; /* owned */
	size_t count, changes[MARGIN_CHANGES], in_one;
};

static struct pairs find_pairs(const struct shake *base, const struct shake *new)
{
	_cleanup_free_ struct indexed *bases = index_tests(base);
	struct pairs pairs = {.shakes = {base, new}};

	pairs.list = xcalloc(new->tests.count + 1, sizeof(*pairs.list));
	for (size_t i = 0; i < new->tests.count; i++) {
		const struct shake_test *test = &new->tests.list[i];
		const struct shake_test *other = find(bases, base->tests.count, test);

		if (!other)
			continue;
		pairs.list[pairs.count] = (struct pair){{other, test}, shake_change(other, test)};
		pairs.changes[pairs.list[pairs.count++].change]++;
	}
	pairs.in_one = new->tests.count - pairs.count + base->tests.count -
		       MIN(base->tests.count, pairs.count);
	return pairs;
}

/* NULL: both were disturbed in the same way. The caller frees it. */
static char *difference(const struct pairs *pairs)
{
	const char *base = pairs->shakes[0]->disturbance.text;
	const char *new = pairs->shakes[1]->disturbance.text;

	return streq(base, new) ? NULL
				: xasprintf("the disturbances differ, and so do the margins: %s in "
					    "base, %s in new",
					    base, new);
}

/* -- In words -------------------------------------------------------------------------------------- */

static void put_row(const struct pairs *pairs, const struct pair *pair, bool markdown, FILE *out)
{
	_cleanup_free_ char *base = shake_sentence(pairs->shakes[0], pair->tests[0]);
	_cleanup_free_ char *new = shake_sentence(pairs->shakes[1], pair->tests[1]);
	_cleanup_free_ char *name =
		shake_name(pair->tests[1], markdown ? markdown_cell : view_escape_terminal);

	if (markdown)
		fprintf(out, "| %s | %s | %s | %s |\n", change_words[pair->change], base, new,
			name);
	else
		fprintf(out, "  %-13s  test %s\n    base: %s\n    new:  %s\n",
			change_words[pair->change], name, base, new);
}

void shake_compare(const struct shake *base, const struct shake *new, bool markdown, FILE *out)
{
	struct pairs pairs = find_pairs(base, new);
	_cleanup_free_ char *note = difference(&pairs);
	_cleanup_free_ char *safe = !note      ? NULL
				    : markdown ? markdown_text(note, 0)
					       : view_escape_terminal(note, 0);

	fprintf(out, "%slatwrap compare: %zu of %zu tests bear more, %zu bear less\n",
		markdown ? "## " : "", pairs.changes[MARGIN_LARGER], pairs.count,
		pairs.changes[MARGIN_SMALLER]);
	if (safe)
		fprintf(out, markdown ? "\n%s\n" : "  note: %s\n", safe);
	if (markdown)
		fputs("\n| | base | new | test |\n| --- | --- | --- | --- |\n", out);
	for (size_t i = 0; i < pairs.count; i++)
		put_row(&pairs, &pairs.list[i], markdown, out);
	if (pairs.in_one)
		fprintf(out, "%s%zu tests are in one of them only\n", markdown ? "\n" : "  ",
			pairs.in_one);
	free(pairs.list);
}

/* -- As JSON --------------------------------------------------------------------------------------- */

static void put_length(struct json_writer *json, const char *key, const struct shake_length *length)
{
	if (!length) {
		json_put_null(json, key);
		return;
	}
	json_open_object(json, key);
	json_put_u64(json, "ns", length->ns);
	json_put_u64(json, "runs", length->runs);
	json_put_u64(json, "failed", length->failed);
	json_close(json);
}

static void put_side(struct json_writer *json, const char *key, const struct shake_test *test)
{
	json_open_object(json, key);
	json_put_text(json, "status", test->status.text);
	put_length(json, "bears", test->bears);
	put_length(json, "fails", test->fails);
	json_close(json);
}

static void put_shake(struct json_writer *json, const char *key, const struct shake *shake)
{
	json_open_object(json, key);
	json_put_text(json, "started_at", shake->started_at);
	json_put_bool(json, "complete", shake->complete);
	json_put_text(json, "disturbance", shake->disturbance.text);
	json_close(json);
}

static void put_pair(struct json_writer *json, const struct pair *pair)
{
	json_open_object(json, NULL);
	json_put_text(json, "test", pair->tests[1]->name);
	json_put_text(json, "file", pair->tests[1]->file);
	json_put_text(json, "runner", pair->tests[1]->runner);
	json_put_text(json, "change", change_names[pair->change]);
	put_side(json, "base", pair->tests[0]);
	put_side(json, "new", pair->tests[1]);
	json_close(json);
}

static void put_pairs(struct json_writer *json, const struct pairs *pairs)
{
	json_open_object(json, "margins");
	json_put_u64(json, "comparisons", pairs->count);
	json_put_u64(json, "larger", pairs->changes[MARGIN_LARGER]);
	json_put_u64(json, "smaller", pairs->changes[MARGIN_SMALLER]);
	json_put_u64(json, "in_one_only", pairs->in_one);
	json_open_array(json, "rows");
	for (size_t i = 0; i < pairs->count; i++)
		put_pair(json, &pairs->list[i]);
	json_close(json);
	json_close(json);
}

void shake_compare_json(const struct shake *base, const struct shake *new, FILE *out)
{
	struct pairs pairs = find_pairs(base, new);
	_cleanup_free_ char *note = difference(&pairs);
	struct json_writer json;

	json_writer_open(&json, out, JSON_LINES);
	json_open_object(&json, NULL);
	json_put_u64(&json, "compare_version", 1);
	json_put_tool(&json);
	json_open_array(&json, "notes");
	if (note)
		json_put_text(&json, NULL, note);
	json_close(&json);
	put_shake(&json, "base", base);
	put_shake(&json, "new", new);
	put_pairs(&json, &pairs);
	json_close(&json);
	putc('\n', out);
	free(pairs.list);
}
