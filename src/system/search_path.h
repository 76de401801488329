/* Where a program is looked for, as by execvp(3). */
#pragma once

/*
 * The paths that file may have, in the order of path, a list of directories; NULL is the standard one. A file with a slash
 * is itself the only one. A list that ends with NULL, which the caller frees with search_path_free(). Pure.
 */
char **search_path(const char *file, const char *path);
void search_path_free(char **paths);
