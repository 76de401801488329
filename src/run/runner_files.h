/* The wrappers (wrappers/), which the program carries with it and unpacks for a run. */
#pragma once

/*
 * Writes wrappers/NAME/... to dir/NAME/..., readable by all. Returns 0 or -errno; nothing is followed that
 * is there already.
 */
int runner_files_write(const char *dir, const char *name);

/* Takes dir away with all that is in it, also what was written beside the wrappers (__pycache__). */
void runner_files_remove(const char *dir);
