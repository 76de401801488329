/* What latwrap shake found, in words: as text for a terminal and as Markdown */
#include "shake/shake_words.h"

#include <inttypes.h>

#include "base/duration.h"
#include "views/markdown/markdown_text.h"
#include "views/view.h"

#define TESTS_MAX  100
#define NAME_CHARS 100

/* -- Sentences ------------------------------------------------------------------------------------- */

static size_t count_of(const struct shake *shake, enum shake_status status)
{
	size_t count = 0;

	for (size_t i = 0; i < shake->tests.count; i++)
		count += shake->tests.list[i].status.value == (int)status;
	return count;
}

char *shake_headline(const struct shake *shake)
{
	const char *when = shake->disturbance.value >= 0
				   ? disturbance_words[shake->disturbance.value]
				   : "it is disturbed"; /* as a newer latwrap can */
	size_t count = shake->tests.count, fails = count_of(shake, SHAKE_FAILS);

	if (shake->replayed)
		return xasprintf("%zu of %zu test%s that failed fail%s again with the same stalls, "
				 "and not without",
				 fails, count, count == 1 ? "" : "s", fails == 1 ? "s" : "");
	if (!count)
		return xstrdup("nothing was tried");
	if (count == 1 && !shake->tests.list[0].name)
		return xasprintf("the command %s when %s",
				 fails ? "fails" : "was not found to fail", when);
	return xasprintf("%zu of %zu test%s %s only when %s", fails, count, count == 1 ? "" : "s",
			 fails == 1 ? "fails" : "fail", when);
}

/* "24ms (5 of 5)" */
static char *length_words(const struct shake_length *length, bool failed)
{
	char ns[DURATION_FORMAT_BYTES];

	return xasprintf("%s (%" PRIu64 " of %" PRIu64 ")", duration_format(ns, length->ns),
			 failed ? length->failed : length->runs - MIN(length->failed, length->runs),
			 length->runs);
}

static char *replay_sentence(const struct shake_test *test)
{
	return xasprintf("failed %" PRIu64 " of %" PRIu64 " with its stalls, %" PRIu64
			 " of %" PRIu64 " without",
			 test->disturbed.failed, test->disturbed.count, test->undisturbed.failed,
			 test->undisturbed.count);
}

char *shake_sentence(const struct shake *shake, const struct shake_test *test)
{
	_cleanup_free_ char *bears = test->bears ? length_words(test->bears, false) : NULL;
	_cleanup_free_ char *fails = test->fails ? length_words(test->fails, true) : NULL;

	if (shake->replayed && test->disturbed.count)
		return replay_sentence(test);
	switch ((enum shake_status)test->status.value) {
	case SHAKE_FAILS:
		return fails ? xasprintf("%s%s%sfails at %s", bears ? "bears " : "",
					 bears ? bears : "", bears ? ", " : "", fails)
			     : xstrdup("fails");
	case SHAKE_UNSURE:
		return xasprintf("unsure: failed %" PRIu64 " of %" PRIu64 " disturbed runs",
				 test->disturbed.failed, test->disturbed.count);
	case SHAKE_BEARS:
		return xasprintf("bears %s", bears ? bears : "all");
	case SHAKE_FAILS_ANYWAY:
		return test->undisturbed.count
			       ? xasprintf("fails undisturbed, too (%" PRIu64 " of %" PRIu64 ")",
					   test->undisturbed.failed, test->undisturbed.count)
			       : xstrdup("fails undisturbed, by the machine's fault");
	case SHAKE_NOT_REACHED:
		return xstrdup("not reached: no disturbance came while it ran");
	case SHAKE_NOT_TRIED:
	case SHAKE_STATUSES:
		break;
	}
	return xstrdup("not tried");
}

char *shake_name(const struct shake_test *test, char *(*escape)(const char *text, size_t max))
{
	_cleanup_free_ char *name = test->name ? escape(test->name, NAME_CHARS) : NULL;
	_cleanup_free_ char *file = test->file && *test->file ? escape(test->file, NAME_CHARS)
							      : NULL;

	return xasprintf("%s%s%s%s", name ? name : "the command", file ? " (" : "",
			 file ? file : "", file ? ")" : "");
}

char *shake_effort(const struct shake *shake)
{
	char took[DURATION_FORMAT_BYTES];

	return xasprintf("seed %" PRIu64 "; %" PRIu64 " runs undisturbed, %" PRIu64
			 " disturbed, in %s%s",
			 shake->seed, shake->undisturbed.count, shake->disturbed.count,
			 duration_format(took, shake->duration_ns),
			 shake->complete ? "" : "; not finished");
}

const char *shake_place(const struct shake_test *test, char buf[SHAKE_PLACE_BYTES])
{
	buf[0] = '\0';
	if (!test->offset_ns.known)
		return buf;
	buf[0] = '+';
	duration_format(buf + 1, test->offset_ns.value);
	return buf;
}

/* -- Text ------------------------------------------------------------------------------------------ */

static void text_row(const struct shake *shake, const struct shake_test *test, bool color,
		     FILE *out)
{
	bool fails = test->status.value == SHAKE_FAILS;
	_cleanup_free_ char *sentence = shake_sentence(shake, test);
	_cleanup_free_ char *name = shake_name(test, view_escape_terminal);
	char place[SHAKE_PLACE_BYTES];

	fprintf(out, "%s  %-48s %-9s %s%s\n", fails && color ? "\033[1m" : "", sentence,
		shake_place(test, place), name, fails && color ? "\033[0m" : "");
}

void shake_print_text(const struct shake *shake, bool color, const char *written_to, FILE *out)
{
	_cleanup_free_ char *headline = shake_headline(shake), *effort = shake_effort(shake);
	_cleanup_free_ char *path = written_to ? view_escape_terminal(written_to, 0) : NULL;
	size_t shown = MIN(shake->tests.count, (size_t)TESTS_MAX);

	fprintf(out, "%slatwrap shake: %s%s\n", color ? "\033[1m" : "", headline,
		color ? "\033[0m" : "");
	fprintf(out, "  %s%s%s\n", effort, path ? "; " : "", path ? path : "");
	for (size_t i = 0; i < shake->notes.count; i++) {
		_cleanup_free_ char *note = view_escape_terminal(shake->notes.list[i], 0);

		fprintf(out, "  note: %s\n", note);
	}
	if (shown)
		fprintf(out, "  %-48s %-9s %s\n", "margin", "at", "test");
	for (size_t i = 0; i < shown; i++)
		text_row(shake, &shake->tests.list[i], color, out);
	if (shown < shake->tests.count)
		fprintf(out, "  %zu more tests are in the report\n", shake->tests.count - shown);
}

/* -- Markdown -------------------------------------------------------------------------------------- */

void shake_print_markdown(const struct shake *shake, FILE *out)
{
	_cleanup_free_ char *headline = shake_headline(shake), *effort = shake_effort(shake);
	_cleanup_free_ char *safe = markdown_text(headline, 0);
	size_t shown = MIN(shake->tests.count, (size_t)TESTS_MAX);

	fprintf(out, "## latwrap shake\n\n**%s**\n\n%s\n", safe, effort);
	for (size_t i = 0; i < shake->notes.count; i++) {
		_cleanup_free_ char *note = markdown_text(shake->notes.list[i], 0);

		fprintf(out, "\n%s\n", note);
	}
	if (shown)
		fprintf(out, "\n| margin | at | test |\n| --- | --- | --- |\n");
	for (size_t i = 0; i < shown; i++) {
		const struct shake_test *test = &shake->tests.list[i];
		_cleanup_free_ char *sentence = shake_sentence(shake, test);
		_cleanup_free_ char *name = shake_name(test, markdown_cell);
		char place[SHAKE_PLACE_BYTES];

		fprintf(out, "| %s | %s | %s |\n", sentence, shake_place(test, place), name);
	}
	if (shown < shake->tests.count)
		fprintf(out, "\n%zu more tests are in the report.\n", shake->tests.count - shown);
}
