/* The wrappers (wrappers/), which the program carries with it and unpacks for a run. */
#pragma once

/*
 * Writes wrappers/NAME/... below the directory as NAME/..., readable by all. Returns 0 or -errno; nothing is followed that
 * is there already.
 */
int runner_files_write(int dir_fd, const char *name);
