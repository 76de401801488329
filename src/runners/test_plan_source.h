/* Where ctest and meson say which tests they will start. */
#pragma once

#include <cjson/cJSON.h>

struct plan_source {
	cJSON *tests; /* owned; as ctest --show-only=json-v1 or meson-info/intro-tests.json have it; NULL: none */
	cJSON *more_arguments; /* owned; that each test gets; NULL: none */
	char *directory; /* owned: of the build */
};

/* file is the program; what argv begins with need not be. */
void plan_source_ctest(const char *file, char *const *argv, struct plan_source *ret);
void plan_source_meson(char *const *argv, struct plan_source *ret);
void plan_source_done(struct plan_source *source);
