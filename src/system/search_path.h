/* List the paths where execvp(3) looks for a program */
#pragma once

/*
 * Lists the paths that file may have, in the order of path, a list of directories; NULL stands for
 * the standard list. A file with a slash has only one path: itself. The result ends with NULL; the
 * caller frees it with search_path_free(). Pure function.
 */
char **search_path(const char *file, const char *path);
void search_path_free(char **paths);
