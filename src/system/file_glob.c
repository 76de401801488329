/* Find the files whose paths match a pattern, in directories that somebody else may fill */
#include "system/file_glob.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"

#define DEPTH_MAX 64 /* each level keeps a directory open */

struct walk {
	struct found_files *files;
	char path[PATH_MAX]; /* of the directory, with a slash at its end */
	size_t length;
	unsigned depth;
};

/* What stands between two slashes of a pattern */
struct component {
	char text[NAME_MAX + 1];
	const char *rest; /* behind it and its slashes; NULL: it is the last one */
	bool is_pattern, is_any_depth;
};

static bool take_component(const char *pattern, struct component *ret)
{
	size_t length = strcspn(pattern, "/");
	const char *rest = pattern + length + strspn(pattern + length, "/");

	if (length >= sizeof(ret->text))
		return false;
	memcpy(ret->text, pattern, length);
	ret->text[length] = '\0';
	ret->rest = *rest ? rest : NULL;
	ret->is_any_depth = streq(ret->text, "**");
	ret->is_pattern = strpbrk(ret->text, "*?[\\");
	return true;
}

static void add_file(struct walk *walk, const char *name)
{
	struct found_files *files = walk->files;

	if (files->count == FOUND_FILES_MAX) {
		files->is_cut = true;
		return;
	}
	files->paths = grow_array(files->paths, files->count, sizeof(char *));
	files->paths[files->count++] = xasprintf("%.*s%s", (int)walk->length, walk->path, name);
}

static void walk_directory(struct walk *walk, int directory_fd, const char *pattern);

/* follows: also behind a symbolic link */
static void enter(struct walk *walk, int directory_fd, const char *name, bool follows,
		  const char *pattern)
{
	size_t before = walk->length, more = strlen(name);
	_cleanup_close_ int fd = -1;

	if (walk->depth == DEPTH_MAX || before + more + 1 >= sizeof(walk->path)) {
		walk->files->is_cut = true;
		return;
	}
	fd = openat(directory_fd, name,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOCTTY | (follows ? 0 : O_NOFOLLOW));
	if (fd < 0)
		return;
	memcpy(walk->path + before, name, more);
	walk->path[before + more] = '/';
	walk->length = before + more + 1;
	walk->depth++;
	walk_directory(walk, fd, pattern);
	walk->depth--;
	walk->length = before;
}

static void take_entry(struct walk *walk, int directory_fd, const struct dirent *entry,
		       const struct component *component, const char *pattern)
{
	bool may_be_directory = entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;

	if (component->is_any_depth) {
		if (*entry->d_name != '.' && may_be_directory)
			enter(walk, directory_fd, entry->d_name, false, pattern);
		return;
	}
	if (fnmatch(component->text, entry->d_name, FNM_PERIOD) != 0)
		return;
	if (!component->rest && entry->d_type != DT_DIR)
		add_file(walk, entry->d_name);
	else if (component->rest && (may_be_directory || entry->d_type == DT_LNK))
		enter(walk, directory_fd, entry->d_name, true, component->rest);
}

static void walk_entries(struct walk *walk, int directory_fd, const struct component *component,
			 const char *pattern)
{
	/* A descriptor of its own: closedir() closes it. */
	int own_fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = own_fd < 0 ? NULL : fdopendir(own_fd);
	const struct dirent *entry;

	if (!directory) {
		close_fd(own_fd);
		return;
	}
	while ((entry = readdir(directory))) {
		if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
			continue;
		if (walk->files->entries == FOUND_ENTRIES_MAX) {
			walk->files->is_cut = true;
			break;
		}
		walk->files->entries++;
		take_entry(walk, directory_fd, entry, component, pattern);
	}
	closedir(directory);
}

static void walk_directory(struct walk *walk, int directory_fd, const char *pattern)
{
	struct component component;
	struct stat st;

	if (!take_component(pattern, &component))
		return;
	if (component.is_any_depth) {
		/* As in a shell, several of them are one, and the last one stands for files, too. */
		while (component.rest && startswith(component.rest, "**/"))
			component.rest += 3 + strspn(component.rest + 3, "/");
		walk_directory(walk, directory_fd, component.rest ? component.rest : "*");
	}
	if (component.is_pattern)
		walk_entries(walk, directory_fd, &component, pattern);
	else if (component.rest)
		enter(walk, directory_fd, component.text, true, component.rest);
	else if (fstatat(directory_fd, component.text, &st, 0) == 0)
		add_file(walk, component.text);
}

void find_files(int directory_fd, const char *pattern, struct found_files *files)
{
	struct walk *walk = xcalloc(1, sizeof(*walk));
	_cleanup_close_ int root_fd = -1;

	walk->files = files;
	if (*pattern == '/') {
		root_fd = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		walk->path[walk->length++] = '/';
		pattern += strspn(pattern, "/");
	}
	if (*pattern)
		walk_directory(walk, root_fd >= 0 ? root_fd : directory_fd, pattern);
	free(walk);
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void found_files_sort(struct found_files *files)
{
	if (files->count)
		qsort(files->paths, files->count, sizeof(char *), compare_paths);
}

void found_files_done(struct found_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->paths[i]);
	free(files->paths);
	*files = (struct found_files){0};
}
