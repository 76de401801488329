/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Match a path with a pattern, step by step: BPF programs and the recorder use the same code. */
#ifndef LATWRAP_GLOB_H
#define LATWRAP_GLOB_H

#include "abi.h"

/*
 * A star stands for any bytes of one component, a question mark for one of them, every other byte for itself. Sizes are
 * powers of two, so that the verifier sees that no index leaves its array.
 */
struct glob {
	u32 at, path_at; /* in the pattern, in the path */
	u32 retry_at,
		retry_path_at; /* behind the last star, and where it ends so far; 0: no star */
};

enum glob_step { GLOB_GOES_ON, GLOB_MATCHES, GLOB_FAILS };

/* A star before a slash that has matched need not end elsewhere: it cannot match a slash, so the component is done. */
static inline __attribute__((always_inline)) enum glob_step glob_step(struct glob *glob,
								      const char *pattern,
								      const char *path)
{
	char wanted = pattern[glob->at & (PATTERN_BYTES - 1)];
	char have = path[glob->path_at & (INCLUDE_PATH_BYTES - 1)];

	if (wanted == '*') {
		glob->retry_at = ++glob->at;
		glob->retry_path_at = glob->path_at;
		return GLOB_GOES_ON;
	}
	if (!wanted && !have)
		return GLOB_MATCHES;
	if (have && (wanted == have || (wanted == '?' && have != '/'))) {
		if (have == '/')
			glob->retry_at = 0;
		glob->at++;
		glob->path_at++;
		return GLOB_GOES_ON;
	}
	have = path[glob->retry_path_at & (INCLUDE_PATH_BYTES - 1)];
	if (!glob->retry_at || !have || have == '/')
		return GLOB_FAILS;
	glob->at = glob->retry_at;
	glob->path_at = ++glob->retry_path_at;
	return GLOB_GOES_ON;
}

#endif
