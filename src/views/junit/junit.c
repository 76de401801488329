/* Adds the answer and the stalls of each test to the user's own JUnit file; all other bytes stay as they are */
#include "views/junit/junit.h"

#include <inttypes.h>
#include <stdlib.h>

#define NAME_CHARS 64

static const struct view_style style = {
	.escape = view_escape_terminal,
	.name_columns = 32,
	.path_columns = 100,
};

/* -- Text in the encoding of the file: only ASCII, which every encoding has ------------------------ */

struct text {
	const struct junit_file *file;
	FILE *out;
};

static void put(const struct text *text, char c)
{
	for (size_t i = 0; i < text->file->unit; i++)
		putc(i == text->file->unit_at ? c : 0, text->out);
}

static void put_markup(const struct text *text, const char *markup)
{
	for (; *markup; markup++)
		put(text, *markup);
}

/* The bytes must be valid UTF-8. */
static const char *decode(const char *utf8, uint32_t *ret)
{
	unsigned char first = (unsigned char)*utf8++;
	unsigned more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;

	*ret = first < 0x80 ? first : first & (0x3f >> more);
	for (; more && *utf8; more--)
		*ret = *ret << 6 | ((unsigned char)*utf8++ & 0x3f);
	return utf8;
}

/* Prints text. Replaces characters that XML does not have: https://www.w3.org/TR/xml/#charsets */
static void put_text(const struct text *text, const char *utf8)
{
	while (*utf8) {
		char reference[16];
		uint32_t c;

		utf8 = decode(utf8, &c);
		if ((c < ' ' && c != '\n') || c == 0xfffe || c == 0xffff ||
		    (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
			c = 0xfffd;
		if (c < 0x7f && c >= ' ' && !strchr("<>&\"'", (int)c)) {
			put(text, (char)c);
		} else {
			snprintf(reference, sizeof(reference), "&#%" PRIu32 ";", c);
			put_markup(text, reference);
		}
	}
}

static void put_tag(const struct text *text, const char *before, const char *name,
		    const char *after)
{
	put_markup(text, before);
	put_markup(text, text->file->prefix);
	put_markup(text, name);
	put_markup(text, after);
}

/* -- What is added for a test ---------------------------------------------------------------------- */

static void put_property(const struct text *text, const char *name, const char *value)
{
	put_tag(text, "<", "property name=\"latwrap.", name);
	put_markup(text, "\" value=\"");
	put_text(text, value);
	put_markup(text, "\"/>");
}

static void put_number(const struct text *text, const char *name, uint64_t value)
{
	char digits[32];

	snprintf(digits, sizeof(digits), "%" PRIu64, value);
	put_property(text, name, digits);
}

static void put_stalls(const struct text *text, const struct report_span *span)
{
	const char *cause = span->cause.text;
	const char *name = span->culprit ? span->culprit->comm : NULL;
	_cleanup_free_ char *safe_cause = cause ? view_escape_terminal(cause, NAME_CHARS) : NULL;
	_cleanup_free_ char *safe_name = name ? view_escape_terminal(name, NAME_CHARS) : NULL;

	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++) {
		_cleanup_free_ char *key = xasprintf("%s_stalls", kind_catalog[kind].name);

		put_number(text, key, span->stalls.of[kind]);
	}
	put_number(text, "stalled_ns", span->stalled_ns);
	put_number(text, "max_stall_ns", span->max_stall_ns);
	if (safe_cause)
		put_property(text, "cause", safe_cause);
	if (safe_name)
		put_property(text, "culprit", safe_name);
}

static void put_properties(const struct text *text, const struct test *test)
{
	const char *answer = test->span->answer.text;
	_cleanup_free_ char *evidence = test_evidence(test, &style);

	if (test->failed)
		put_property(text, "answer", answer ? answer : "unmeasured");
	if (evidence)
		put_property(text, "evidence", evidence);
	if (test->span->lost_ns.known) {
		put_number(text, "lost_ns", test->span->lost_ns.value);
		put_number(text, "crowded_ns", test->span->crowded_ns.value);
	}
	if (test->stalled)
		put_stalls(text, test->span);
}

static void put_line(const struct text *text, const struct test *test)
{
	_cleanup_free_ char *why = test->failed ? test_evidence(test, &style)
						: test_stalls(test, &style);

	put_markup(text, "latwrap: ");
	if (test->failed) {
		put_text(text, test_answer(test));
		put_markup(text, why ? ": " : "");
	}
	put_text(text, why ? why : "");
	put_markup(text, "\n");
}

/* -- Where it is added ----------------------------------------------------------------------------- */

enum what { PROPERTIES = 1, OUTPUT = 2 };

struct edit {
	size_t at, cut;
	unsigned what; /* insertions, in this order */
	const char *inside; /* an empty element that this text opens; NULL: none */
	bool wrapped; /* the text includes the elements around it */
	const struct test *test;
};

static void put_wrapped(const struct text *text, const struct edit *edit, enum what what)
{
	const char *element = what == PROPERTIES ? "properties" : "system-out";

	if (edit->wrapped)
		put_tag(text, "<", element, ">");
	else if (what == OUTPUT && !edit->inside)
		put_markup(text, "\n");
	if (what == PROPERTIES)
		put_properties(text, edit->test);
	else
		put_line(text, edit->test);
	if (edit->wrapped)
		put_tag(text, "</", element, ">");
}

static void put_edit(const struct text *text, const struct edit *edit)
{
	if (edit->inside)
		put_markup(text, ">");
	if (edit->what & PROPERTIES)
		put_wrapped(text, edit, PROPERTIES);
	if (edit->what & OUTPUT)
		put_wrapped(text, edit, OUTPUT);
	if (edit->inside)
		put_tag(text, "</", edit->inside, ">");
}

static struct edit edit_inside(const struct junit_place *place, enum what what,
			       const struct test *test)
{
	const char *element = what == PROPERTIES ? "properties" : "system-out";

	return (struct edit){
		.at = place->at,
		.cut = place->cut,
		.what = what,
		.inside = place->cut ? element : NULL,
		.test = test,
	};
}

/* At most two insertions, in the order of their offsets */
static size_t edits_of(const struct junit_file *file, const struct junit_case *place,
		       const struct test *test, struct edit ret[2])
{
	size_t cut = 2 * file->unit, count = 0;
	struct edit properties = {
		.at = place->tag_end, .what = PROPERTIES, .wrapped = true, .test = test};
	struct edit output = {.at = place->end, .what = OUTPUT, .wrapped = true, .test = test};

	if (place->empty) {
		properties.at -= cut;
		properties.cut = cut;
		properties.inside = "testcase";
		properties.what |= test->stalled ? OUTPUT : 0;
		ret[0] = properties;
		return 1;
	}
	if (place->properties.exists)
		properties = edit_inside(&place->properties, PROPERTIES, test);
	if (place->output.exists)
		output = edit_inside(&place->output, OUTPUT, test);
	ret[count++] = properties;
	if (test->stalled)
		ret[count++] = output;
	if (count == 2 && ret[1].at < ret[0].at) {
		struct edit first = ret[1];

		ret[1] = ret[0];
		ret[0] = first;
	}
	return count;
}

void junit_print(const struct junit_file *file, const struct test *const *tests, FILE *out)
{
	const struct text text = {file, out};
	size_t at = 0;

	for (size_t i = 0; i < file->case_count; i++) {
		struct edit edits[2];
		size_t count;

		if (!tests[i] || !(tests[i]->failed || tests[i]->stalled) ||
		    file->cases[i].has_ours)
			continue;
		count = edits_of(file, &file->cases[i], tests[i], edits);
		for (size_t n = 0; n < count; n++) {
			fwrite(file->data + at, 1, edits[n].at - at, out);
			put_edit(&text, &edits[n]);
			at = edits[n].at + edits[n].cut;
		}
	}
	fwrite(file->data + at, 1, file->size - at, out);
}
