/* Get the tests that ctest or meson will start */
#pragma once

#include <cjson/cJSON.h>

struct plan_source {
	/*
	 * owned; in the form of ctest --show-only=json-v1 or meson-info/intro-tests.json; NULL:
	 * none
	 */
	cJSON *tests;
	cJSON *more_arguments; /* owned; arguments that each test gets; NULL: none */
	char *directory; /* owned: the build directory */
};

/* file is the program to run, which may differ from argv[0]. */
void plan_source_ctest(const char *file, char *const *argv, struct plan_source *ret);
void plan_source_meson(char *const *argv, struct plan_source *ret);
void plan_source_done(struct plan_source *source);
