/* Find the files whose paths match a pattern, in directories that somebody else may fill */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define FOUND_FILES_MAX   10000
#define FOUND_ENTRIES_MAX 1000000 /* of directories, looked at */

struct found_files {
	char **paths; /* owned, as is each of them: relative to the directory, or absolute if the pattern is */
	size_t count;
	size_t entries; /* looked at */
	bool is_cut; /* a limit was reached: there may be more */
};

/*
 * Adds the files, of any type, that match the pattern. It is a shell's: * and ? and [...] within a component, not at its
 * beginning for a leading dot, and ** for any number of directories, but none that begins with a dot or is behind a
 * symbolic link. Directories that cannot be read have no files.
 */
void find_files(int directory_fd, const char *pattern, struct found_files *files);
/* Sorts the paths. A file can have several. */
void found_files_sort(struct found_files *files);
void found_files_done(struct found_files *files);
