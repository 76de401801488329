/* List the paths where execvp(3) looks for a program */
#include "system/search_path.h"

#include <limits.h>
#include <unistd.h>

#include "base/util.h"

struct paths {
	char **item; /* NULL-terminated */
	size_t count;
};

/* Takes ownership of path. */
static void add(struct paths *paths, char *path)
{
	paths->item = xreallocarray(paths->item, paths->count + 2, sizeof(*paths->item));
	paths->item[paths->count++] = path;
	paths->item[paths->count] = NULL;
}

char **search_path(const char *file, const char *path)
{
	_cleanup_free_ char *standard = NULL;
	struct paths paths = {0};

	if (strchr(file, '/') || *file == '\0') {
		add(&paths, xstrdup(file));
		return paths.item;
	}
	if (!path) {
		size_t size_bytes = confstr(_CS_PATH, NULL, 0);

		standard = xcalloc(1, size_bytes + 1);
		confstr(_CS_PATH, standard, size_bytes);
		path = standard;
	}
	for (const char *s = path;; s++) {
		size_t length = strcspn(s, ":");

		/*
		 * An empty element is the current directory. A program in an element that is too
		 * long cannot exist.
		 */
		if (length < PATH_MAX)
			add(&paths,
			    length ? xasprintf("%.*s/%s", (int)length, s, file) : xstrdup(file));
		s += length;
		if (*s == '\0')
			break;
	}
	/* All elements are too long: return one path that does not exist. */
	if (!paths.item)
		add(&paths, xstrdup(""));
	return paths.item;
}

void search_path_free(char **paths)
{
	for (char **path = paths; path && *path; path++)
		free(*path);
	free(paths);
}
