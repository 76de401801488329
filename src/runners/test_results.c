/* Read the outcome of a test from the result file of its runner */
#include "runners/test_results.h"

#include "base/util.h"

/* Ranks the outcomes from the least to the most important. */
static enum span_outcome worse(enum span_outcome one, enum span_outcome other)
{
	static const unsigned rank[SPAN_OUTCOMES] = {
		[SPAN_UNKNOWN] = 1, [SPAN_SKIPPED] = 2, [SPAN_PASSED] = 3,
		[SPAN_FAILED] = 4,  [SPAN_ERROR] = 5,
	};

	return rank[other] > rank[one] ? other : one;
}

static enum span_outcome trs_word(const char *line)
{
	static const struct {
		const char *word;
		enum span_outcome outcome;
	} words[] = {
		{"PASS", SPAN_PASSED},  {"FAIL", SPAN_FAILED},  {"XFAIL", SPAN_SKIPPED},
		{"XPASS", SPAN_FAILED}, {"SKIP", SPAN_SKIPPED}, {"ERROR", SPAN_ERROR},
	};

	line += strspn(line, " \t");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const char *rest = startswith(line, words[i].word);

		if (rest && (!*rest || strchr(" \t\r", *rest)))
			return words[i].outcome;
	}
	return SPAN_UNKNOWN;
}

enum span_outcome trs_outcome(const char *path)
{
	enum span_outcome outcome = SPAN_UNKNOWN;
	_cleanup_free_ char *text = NULL;
	char *rest, *line;

	if (read_file(path, &text, NULL) < 0)
		return SPAN_UNKNOWN;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		const char *result = startswith(line, ":test-result:");

		if (result)
			outcome = worse(outcome, trs_word(result));
	}
	return outcome;
}
