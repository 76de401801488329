/* latwrap report --format=junit: add what the report knows to JUnit files */
#include "cli/report_junit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/util.h"
#include "cli/output.h"
#include "views/junit/junit.h"

struct junit_request {
	char *const *inputs;
	size_t input_count;
	const char *output;
};

struct matched_file {
	const struct junit_file *file;
	const struct test *const *tests;
};

static int print_file(FILE *out, void *userdata)
{
	const struct matched_file *matched = userdata;

	junit_print(matched->file, matched->tests, out);
	return 0;
}

static bool is_directory(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Checks before writing: no output may overwrite another. */
static int check_outputs(const struct junit_request *request)
{
	if (request->input_count < 2)
		return 0;
	if (!request->output || !is_directory(request->output)) {
		log_error("several JUnit files: --output must be a directory");
		return -EINVAL;
	}
	for (size_t i = 0; i < request->input_count; i++) {
		for (size_t n = 0; n < i; n++) {
			if (!streq(base_name(request->inputs[i]), base_name(request->inputs[n])))
				continue;
			log_error("%s and %s would both become %s/%s: rename one",
				  request->inputs[n], request->inputs[i], request->output,
				  base_name(request->inputs[i]));
			return -EINVAL;
		}
	}
	return 0;
}

static int write_file(const struct junit_request *request, const char *input,
		      const struct matched_file *matched)
{
	_cleanup_free_ char *path = NULL;

	if (request->output && is_directory(request->output))
		path = xasprintf("%s/%s", request->output, base_name(input));
	return output_write(path ? path : request->output, print_file, (void *)matched);
}

static int convert_file(const struct junit_request *request, struct junit_index *index,
			const char *input, struct junit_counts *counts)
{
	_cleanup_free_ const struct test **tests = NULL;
	struct junit_file file;
	int r = junit_file_load(input, &file);

	/* What we cannot read others may: it is passed on unchanged. */
	if (file.data) {
		tests = xcalloc(file.case_count + 1, sizeof(const struct test *));
		junit_match(index, &file, tests, counts);
		r = write_file(request, input, &(struct matched_file){&file, tests});
	}
	junit_file_done(&file);
	return r;
}

static void warn_unmatched(const struct junit_counts *counts)
{
	size_t unknown = counts->cases - counts->matched - counts->ambiguous;

	if (unknown)
		log_warning("%zu of %zu test cases match no test in the report", unknown,
			    counts->cases);
	if (counts->ambiguous)
		log_warning(
			"%zu of %zu test cases match more than one test in the report: they stay unchanged",
			counts->ambiguous, counts->cases);
	if (counts->unmatched_tests)
		log_warning("%zu of %zu tests that failed or stalled are in no JUnit file",
			    counts->unmatched_tests, counts->tests);
}

static int convert_files(const struct junit_request *request, const struct named_reports *reports)
{
	_cleanup_(junit_index_freep) struct junit_index *index = junit_index_new(reports);
	struct junit_counts counts = {0};
	int r = 0;

	for (size_t i = 0; i < request->input_count; i++) {
		int one = convert_file(request, index, request->inputs[i], &counts);

		r = r < 0 ? r : one;
	}
	junit_count_tests(index, &counts);
	warn_unmatched(&counts);
	return r;
}

int report_junit(const struct named_reports *reports, char *const *inputs, size_t input_count,
		 const char *output)
{
	const struct junit_request request = {inputs, input_count, output};
	int r = check_outputs(&request);

	return r < 0 ? r : convert_files(&request, reports);
}
