/* Finds the test of a report for each case of a JUnit file by name, which every runner writes differently */
#include "views/junit/junit_match.h"

#include <stdlib.h>

#define KEY_BYTES   4096
#define SUITES_MAX  8
#define PARENTS_MAX 16
#define LOOK_AT_MAX 64

/* Ends each part of a key; names do not contain it. */
#define END '\x1f'

/*
 * All tests with one name: the attempts of one test, one after the other, and the same test in
 * another environment or job, which counts as another test
 */
struct group {
	char *identity; /* owned */
	const char *name; /* of its spans, unchanged */
	struct test *attempts;
	size_t count;
	bool is_counted; /* failed or stalled, and no suite of others */
	bool matched;
	size_t tests; /* the number of tests: only the last attempts count */
	size_t seen; /* cases of the file being matched */
	size_t next;
};

struct entry {
	char *key; /* owned */
	struct group *group;
};

struct junit_index {
	struct group *groups;
	size_t group_count;
	struct entry *entries;
	size_t count;
};

/* -- Keys ------------------------------------------------------------------------------------------- */

/* The parts of a name, the last one first */
struct key {
	char text[KEY_BYTES];
	size_t length;
	const char *name; /* of a case, unchanged */
};

static bool is_separator(char c)
{
	return c == '.' || c == '/' || c == ':' || c == '\\' || c == '>' || c == '#';
}

/* JUnit 5 writes "test()" and "test(int)[1]"; Surefire "test" and "test{int}[1]". */
static char same_for_all(char c)
{
	return c == '{' ? '(' : c == '}' ? ')' : (unsigned char)c <= ' ' ? ' ' : c;
}

static void add_part(struct key *key, const char *from, const char *to)
{
	while (from < to && *from == ' ')
		from++;
	while (from < to && to[-1] == ' ')
		to--;
	if (to - from >= 2 && to[-2] == '(' && to[-1] == ')')
		to -= 2;
	if (from == to || (size_t)(to - from) + 1 >= sizeof(key->text) - key->length)
		return;
	for (; from < to; from++)
		key->text[key->length++] = same_for_all(*from);
	key->text[key->length++] = END;
	key->text[key->length] = '\0';
}

/* pytest writes the module "a/b.py" as "a.b". */
static bool is_extension(const char *part, const char *from, const char *to, const char *end)
{
	return part > from && part[-1] == '.' && to - part == 2 && !strncmp(part, "py", 2) &&
	       (to == end || *to == ':');
}

static void add_name(struct key *key, const char *name)
{
	const char *end = name + strlen(name);

	for (const char *to = end; to > name;) {
		const char *part = to;

		while (part > name && !is_separator(part[-1]))
			part--;
		if (!is_extension(part, name, to, end))
			add_part(key, part, to);
		to = part > name ? part - 1 : name;
	}
}

static size_t parts_of(const char *key, size_t length)
{
	size_t parts = 0;

	for (size_t i = 0; i < length; i++)
		parts += key[i] == END;
	return parts;
}

/* -- The index ------------------------------------------------------------------------------------- */

static int compare_entries(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;

	return strcmp(one->key, other->key);
}

static void add_entry(struct junit_index *index, const struct key *key, struct group *group)
{
	if (key->length)
		index->entries[index->count++] = (struct entry){xstrdup(key->text), group};
}

/* A span with an outcome. */
struct row {
	struct test test;
	char *identity;
	bool has_tests; /* a span below this one has an outcome */
	size_t order;
};

struct spanned {
	const struct report_span *span;
	uint64_t id;
	struct row *row; /* NULL: the span has no outcome */
};

/* The spans of a report, by their ids */
struct span_list {
	struct spanned *spans;
	size_t count;
};

static int compare_ids(const void *a, const void *b)
{
	const struct spanned *one = a, *other = b;

	return one->id < other->id ? -1 : one->id > other->id;
}

static const char *name_of(const struct row *row)
{
	return row->test.span->name;
}

static bool is_same_test(const struct row *one, const struct row *other)
{
	return streq(one->identity, other->identity) && streq(name_of(one), name_of(other));
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *one = a, *other = b;
	int r = strcmp(one->identity, other->identity);

	/* The keys of "[a/b]" and "[a.b]" are the same. */
	if (!r)
		r = strcmp(name_of(one), name_of(other));
	return r ? r : one->order < other->order ? -1 : one->order > other->order;
}

static const struct spanned *parent_of(const struct span_list *list, const struct spanned *spanned)
{
	const struct spanned key = {.id = spanned->span->parent.value};

	return spanned->span->parent.known
		       ? bsearch(&key, list->spans, list->count, sizeof(key), compare_ids)
		       : NULL;
}

static void path_key(struct key *key, const struct span_list *list, const struct spanned *spanned)
{
	for (unsigned i = 0; spanned && i < PARENTS_MAX; i++) {
		add_name(key, spanned->span->name);
		spanned = parent_of(list, spanned);
	}
}

static size_t add_rows(struct row *rows, size_t row_count, const struct named_report *of)
{
	size_t count = of->report->spans.count;
	_cleanup_free_ struct spanned *by_id = xcalloc(count + 1, sizeof(*by_id));
	struct span_list list = {by_id, count};

	for (size_t i = 0; i < count; i++) {
		const struct report_span *span = &of->report->spans.list[i];
		struct row *row = span->outcome.text ? &rows[row_count++] : NULL;

		if (row)
			*row = (struct row){.test = test_of_span(span, of),
					    .order = (size_t)(row - rows)};
		by_id[i] = (struct spanned){span, span->id, row};
	}
	qsort(by_id, list.count, sizeof(*by_id), compare_ids);
	for (size_t i = 0; i < list.count; i++) {
		const struct spanned *parent = parent_of(&list, &by_id[i]);
		struct key key = {.text = ""};

		if (!by_id[i].row)
			continue;
		path_key(&key, &list, &by_id[i]);
		add_name(&key, by_id[i].span->file ? by_id[i].span->file : "");
		by_id[i].row->identity = xstrdup(key.text);
		if (parent && parent->row)
			parent->row->has_tests = true;
	}
	return row_count;
}

/* A later attempt has a higher number, in the same place of the same run. */
static bool is_next_attempt(const struct test *test, const struct test *before)
{
	const struct report_span *one = before->span, *next = test->span;

	return test->of == before->of && next->parent.known == one->parent.known &&
	       next->parent.value == one->parent.value &&
	       (next->attempt.known ? next->attempt.value : 1) >
		       (one->attempt.known ? one->attempt.value : 1);
}

static bool is_last_attempt(const struct group *group, size_t at)
{
	return at + 1 == group->count ||
	       !is_next_attempt(&group->attempts[at + 1], &group->attempts[at]);
}

static void add_group(struct junit_index *index, const struct row *rows, size_t count)
{
	struct group *group = &index->groups[index->group_count++];
	const struct report_span *span = rows->test.span;
	struct key name = {.text = ""}, file = {.text = ""};

	*group = (struct group){.identity = rows->identity, .name = name_of(rows), .count = count};
	group->attempts = xcalloc(count, sizeof(*group->attempts));
	for (size_t i = 0; i < count; i++)
		group->attempts[i] = rows[i].test;
	for (size_t i = 0; i < count; i++)
		group->tests += is_last_attempt(group, i);
	group->is_counted = !rows[count - 1].has_tests &&
			    (rows[count - 1].test.failed || rows[count - 1].test.stalled);
	add_name(&name, span->name);
	add_entry(index, &name, group);
	file = name;
	add_name(&file, span->file ? span->file : "");
	if (file.length > name.length)
		add_entry(index, &file, group);
	if (!streq(group->identity, file.text) && !streq(group->identity, name.text))
		index->entries[index->count++] = (struct entry){xstrdup(group->identity), group};
}

struct junit_index *junit_index_new(const struct named_reports *reports)
{
	struct junit_index *index = xcalloc(1, sizeof(*index));
	_cleanup_free_ struct row *rows = NULL;
	size_t count = 0;

	for (size_t i = 0; i < reports->count; i++)
		count += reports->list[i].report->spans.count;
	rows = xcalloc(count + 1, sizeof(*rows));
	count = 0;
	for (size_t i = 0; i < reports->count; i++)
		count = add_rows(rows, count, &reports->list[i]);
	qsort(rows, count, sizeof(*rows), compare_rows);
	index->groups = xcalloc(count + 1, sizeof(*index->groups));
	index->entries = xcalloc(3 * count + 1, sizeof(*index->entries));
	for (size_t i = 0, n; i < count; i += n) {
		for (n = 1; i + n < count && is_same_test(&rows[i], &rows[i + n]); n++)
			free(rows[i + n].identity);
		add_group(index, &rows[i], n);
	}
	qsort(index->entries, index->count, sizeof(*index->entries), compare_entries);
	return index;
}

struct junit_index *junit_index_free(struct junit_index *index)
{
	if (!index)
		return NULL;
	for (size_t i = 0; i < index->group_count; i++) {
		free(index->groups[i].identity);
		free(index->groups[i].attempts);
	}
	for (size_t i = 0; i < index->count; i++)
		free(index->entries[i].key);
	free(index->groups);
	free(index->entries);
	free(index);
	return NULL;
}

/* -- Looking up ------------------------------------------------------------------------------------- */

enum match { NONE, ONE, SEVERAL };

static size_t lower_bound(const struct junit_index *index, const char *key, size_t length)
{
	size_t from = 0, to = index->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (strncmp(index->entries[middle].key, key, length) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), of_end = strlen(end);

	return length >= of_end && streq(text + length - of_end, end);
}

/*
 * Among the entries that begin with these parts, or equal them, prefers one whose name ends as the
 * case's name.
 */
static enum match look_up(const struct junit_index *index, const struct key *whole, size_t length,
			  bool exactly, struct group **ret)
{
	const char *key = whole->text;
	enum match answer = NONE;
	bool is_literal = false;
	size_t at = lower_bound(index, key, length);

	for (size_t looked_at = 0; at < index->count; at++) {
		const struct entry *entry = &index->entries[at];
		bool literal;

		if (strncmp(entry->key, key, length) != 0)
			break;
		/* The shortest keys come first. */
		if (exactly && entry->key[length])
			break;
		if (answer != NONE && entry->group == *ret)
			continue;
		if (++looked_at > LOOK_AT_MAX)
			return SEVERAL;
		literal = ends_with(entry->group->name, whole->name);
		if (answer != NONE && literal <= is_literal) {
			answer = literal == is_literal ? SEVERAL : answer;
			continue;
		}
		answer = ONE;
		is_literal = literal;
		*ret = entry->group;
	}
	return answer;
}

/* The same name does not suffice if the context of the test contradicts the case. */
static bool is_whole(const char *key, size_t length, const struct group *group)
{
	return parts_of(key, length) > 1 || strlen(group->identity) == length;
}

/* least: the number of parts that must be equal */
static enum match find(const struct junit_index *index, const struct key *key, size_t least,
		       struct group **ret)
{
	enum match answer = look_up(index, key, key->length, true, ret);
	size_t length = key->length, parts = parts_of(key->text, length);

	if (!parts || parts < least)
		return NONE;
	if (answer == NONE)
		answer = look_up(index, key, length, false, ret);
	while (answer == NONE && --parts && parts >= least) {
		do
			length--;
		while (key->text[length - 1] != END);
		answer = look_up(index, key, length, true, ret);
		if (answer == ONE && !is_whole(key->text, length, *ret))
			answer = NONE;
	}
	return answer;
}

/* Parts that say nothing: node's "test", and the name once more */
static bool has_class(const struct junit_case *test)
{
	return test->class_name && !streq(test->class_name, "test") &&
	       !(test->name && streq(test->class_name, test->name));
}

static enum match find_case(const struct junit_index *index, const struct junit_case *test,
			    struct group **ret)
{
	struct key name = {.text = ""}, key;
	const struct junit_suite *suite = test->suite;
	enum match best = NONE, answer;
	size_t parts;

	name.name = test->name ? test->name : "";
	add_name(&name, name.name);
	parts = parts_of(name.text, name.length);
	if (!parts)
		return NONE;
#define TRY(least)                                      \
	do {                                            \
		answer = find(index, &key, least, ret); \
		if (answer == ONE)                      \
			return ONE;                     \
		best = MAX(best, answer);               \
	} while (0)
	key = name;
	if (has_class(test)) {
		add_name(&key, test->class_name);
		TRY(parts);
	}
	if (test->file) {
		key = name;
		add_name(&key, test->file);
		TRY(parts + 1);
	}
	key = name;
	for (unsigned i = 0; suite && i < SUITES_MAX; i++, suite = suite->parent)
		add_name(&key, suite->name ? suite->name : "");
	if (key.length > name.length)
		TRY(parts + 1);
	key = name;
	if (!has_class(test))
		TRY(parts);
#undef TRY
	return best;
}

bool junit_is_known(const struct junit_index *index, const struct junit_case *one)
{
	struct group *group;

	return find_case(index, one, &group) != NONE;
}

static bool ended_alike(const struct junit_case *one, const struct test *test)
{
	const char *outcome = test->span->outcome.text;

	if (test->failed || one->failed)
		return test->failed && one->failed;
	return streq(outcome, "unknown") || streq(outcome, "skipped") == one->skipped;
}

/* Of several tests with one name, the one that ended as the case says; NULL: none, or several */
static const struct test *choose(const struct group *group, const struct junit_case *one)
{
	const struct test *chosen = NULL;

	for (size_t i = 0; i < group->count; i++) {
		if (!is_last_attempt(group, i) || !ended_alike(one, &group->attempts[i]))
			continue;
		if (chosen)
			return NULL;
		chosen = &group->attempts[i];
	}
	return chosen;
}

/* Chooses among the tests with one name: in their order, if the file has as many cases. */
static const struct test *test_of_case(struct group *group, const struct junit_case *one)
{
	const struct test *test;

	if (group->tests == 1 && group->seen == 1)
		return &group->attempts[group->count - 1];
	if (group->seen == 1)
		return choose(group, one);
	if (group->seen != group->count && group->seen != group->tests)
		return NULL;
	while (group->seen != group->count && !is_last_attempt(group, group->next))
		group->next++;
	test = &group->attempts[group->next++];
	return group->tests == 1 || ended_alike(one, test) ? test : NULL;
}

void junit_match(struct junit_index *index, const struct junit_file *file, const struct test **ret,
		 struct junit_counts *counts)
{
	_cleanup_free_ struct group **found = xcalloc(file->case_count + 1, sizeof(struct group *));

	for (size_t i = 0; i < index->group_count; i++)
		index->groups[i].seen = index->groups[i].next = 0;
	for (size_t i = 0; i < file->case_count; i++) {
		enum match answer = find_case(index, &file->cases[i], &found[i]);

		if (answer == ONE)
			found[i]->seen++;
		else
			found[i] = NULL;
		counts->ambiguous += answer == SEVERAL;
	}
	for (size_t i = 0; i < file->case_count; i++) {
		struct group *group = found[i];

		ret[i] = NULL;
		counts->cases++;
		if (!group)
			continue;
		ret[i] = test_of_case(group, &file->cases[i]);
		if (!ret[i]) {
			counts->ambiguous++;
			continue;
		}
		group->matched = true;
		counts->matched++;
	}
}

void junit_count_tests(const struct junit_index *index, struct junit_counts *counts)
{
	for (size_t i = 0; i < index->group_count; i++) {
		counts->tests += index->groups[i].is_counted;
		counts->unmatched_tests += index->groups[i].is_counted && !index->groups[i].matched;
	}
}
