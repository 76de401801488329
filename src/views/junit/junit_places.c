/* Adds file and line of tests from the user's JUnit files if the report does not have them */
#include "views/junit/junit_places.h"

static void add_place(const struct junit_case *from, const struct test *test)
{
	/* Views only read reports, but the caller owns these and may change them. */
	struct report_span *span = (struct report_span *)test->span;
	struct arena *memory = &((struct report *)test->of->report)->memory;

	if (!from->file || span->file)
		return;
	span->file = arena_copy(memory, from->file, strlen(from->file));
	span->line = (struct optional_u64){from->line, from->line > 0};
}

static int add_places_of(struct junit_index *index, const char *path)
{
	_cleanup_free_ const struct test **tests = NULL;
	struct junit_counts counts = {0};
	struct junit_file file;
	int r = junit_file_load(path, &file);

	if (r == 0) {
		tests = xcalloc(file.case_count + 1, sizeof(const struct test *));
		junit_match(index, &file, tests, &counts);
	}
	for (size_t i = 0; tests && i < file.case_count; i++)
		if (tests[i])
			add_place(&file.cases[i], tests[i]);
	junit_file_done(&file);
	return r;
}

int junit_add_places(const struct named_reports *reports, char *const *paths, size_t count)
{
	_cleanup_(junit_index_freep) struct junit_index *index = junit_index_new(reports);
	int r = 0;

	for (size_t i = 0; i < count; i++) {
		int one = add_places_of(index, paths[i]);

		r = r < 0 ? r : one;
	}
	return r;
}
