/* --fail-below: which tests fail at a length or a shorter one, and which have no result there */
#pragma once

#include "catalog/shake.h"

enum fail_below { FAIL_BELOW_NONE, FAIL_BELOW_SOME, FAIL_BELOW_UNKNOWN };

/*
 * names: only these tests count; ends with NULL, empty: all of them. If no test fails and one has no
 * result, that is UNKNOWN, and *ret_message says which; the caller frees it.
 */
enum fail_below fail_below_judge(const struct shake *shake, uint64_t limit_ns, char *const *names,
				 char **ret_message);
