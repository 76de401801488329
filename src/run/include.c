/* Patterns of cgroups that become part of the run (--include), such as those of containers */
#include "run/include.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "glob.h"
#include "model/included.h"
#include "system/cgroup_find.h"
#include "system/procfs.h"

#define EXAMPLE "such as 'system.slice/docker-*.scope'"

static bool matches(const char *pattern, const char *path)
{
	char pattern_bytes[PATTERN_BYTES], path_bytes[INCLUDE_PATH_BYTES];
	enum glob_step step = GLOB_GOES_ON;
	struct glob glob = {0};

	if (strlen(pattern) >= sizeof(pattern_bytes) || strlen(path) >= sizeof(path_bytes))
		return false;
	snprintf(pattern_bytes, sizeof(pattern_bytes), "%s", pattern);
	snprintf(path_bytes, sizeof(path_bytes), "%s", path);
	while (step == GLOB_GOES_ON)
		step = glob_step(&glob, pattern_bytes, path_bytes);
	return step == GLOB_MATCHES;
}

/* -- The option ------------------------------------------------------------------------------------ */

/* Why no cgroup can match; NULL: nothing is wrong. The caller frees it. */
static char *fault_of(const char *text)
{
	if (!*text)
		return xstrdup(
			"the pattern is empty: give a path below the cgroup v2 mount, " EXAMPLE);
	if (*text == '/')
		return xasprintf("the pattern is relative to the cgroup v2 mount: write '%s'",
				 text + strspn(text, "/"));
	if (strlen(text) >= PATTERN_BYTES)
		return xasprintf("the pattern is too long (%zu bytes, at most %d): use a star",
				 strlen(text), PATTERN_BYTES - 1);
	if (strchr(text, '['))
		return xstrdup("[ has no special meaning in this pattern: use * or ?");
	for (const char *at = text; at; at = strchr(at, '/')) {
		size_t length;

		at += *at == '/';
		length = strcspn(at, "/");
		if (!length || (*at == '.' && (length == 1 || (length == 2 && at[1] == '.'))))
			return xasprintf(
				"no cgroup has a component '%.*s' in its path: give a path "
				"below the cgroup v2 mount, " EXAMPLE,
				(int)length, at);
	}
	return NULL;
}

/* Whether the cgroup of latwrap itself, or one above it, matches. */
static bool matches_own(const char *pattern, const char *own_path)
{
	_cleanup_free_ char *path = xstrdup(own_path + strspn(own_path, "/"));

	while (*path) {
		char *slash = strrchr(path, '/');

		if (matches(pattern, path))
			return true;
		if (!slash)
			return false;
		*slash = '\0';
	}
	return false;
}

static int find_root(struct include *include, char **ret_own_path)
{
	_cleanup_free_ char *mountinfo = NULL, *dir = NULL;
	struct stat status = {0};
	int r = read_file("/proc/self/mountinfo", &mountinfo, NULL);

	if (r == 0)
		r = procfs_own_cgroup(ret_own_path);
	if (r == 0)
		r = cgroup_directory(mountinfo, "/", &dir);
	if (r == 0 && stat(dir, &status) < 0)
		r = -errno;
	if (r != 0)
		return r;
	free(include->root_dir);
	include->root_dir = steal_ptr(dir);
	include->root_id = status.st_ino;
	include->root_levels_below = -cgroup_depth(*ret_own_path);
	return 0;
}

int include_add(struct include *include, const char *text, char **ret_message)
{
	_cleanup_free_ char *fault = fault_of(text), *own_path = NULL;
	int r = -EINVAL;

	if (!fault && include->count == INCLUDES_MAX)
		fault = xasprintf("one pattern too many, at most %d are possible", INCLUDES_MAX);
	if (!fault && geteuid() != 0)
		fault = xstrdup("this shows what other users run: run latwrap as root");
	if (!fault) {
		r = find_root(include, &own_path);
		if (r != 0)
			fault = xasprintf("cannot find the root of the cgroup v2 mount: %s",
					  strerror(-r));
		else if (matches_own(text, own_path))
			fault = xasprintf("latwrap itself runs in '%s', which it cannot measure: "
					  "give a pattern that does not match that",
					  own_path);
	}
	if (fault) {
		*ret_message = xasprintf("--include '%s': %s", text, fault);
		return r < 0 ? r : -EINVAL;
	}
	include->patterns[include->count++] = xstrdup(text);
	return 0;
}

void include_done(struct include *include)
{
	for (size_t i = 0; i < include->count; i++)
		free(include->patterns[i]);
	free(include->root_dir);
	*include = (struct include){0};
}

/* -- What exists already --------------------------------------------------------------------------- */

struct search {
	const struct include *include;
	uint64_t own_id, refused;
	struct trace *trace;
	struct model *model;
};

static uint32_t matching_pattern(const struct include *include, const char *path)
{
	uint32_t pattern = 0;

	while (pattern < include->count && !matches(include->patterns[pattern], path))
		pattern++;
	return pattern;
}

/*
 * Returns whether the cgroup is part of the run now. BPF may have been first: it has told of the
 * cgroup already.
 */
static bool take(struct search *search, uint64_t id, const char *path, bool is_below_included)
{
	uint32_t pattern = matching_pattern(search->include, path);
	int r;

	if (!is_below_included && pattern == search->include->count)
		return false;
	r = trace_include(search->trace, id);
	if (r == 0 && !is_below_included)
		included_add(search->model, pattern, path, strlen(path));
	search->refused += r < 0 && r != -EEXIST;
	return r == 0 || r == -EEXIST;
}

/*
 * Takes a cgroup before it reads what is below: a cgroup that is made meanwhile is either listed, or
 * made below a cgroup that BPF knows. Closes fd.
 */
static void look_below(struct search *search, int fd, const char *path, bool is_included)
{
	DIR *directory = fdopendir(fd);
	struct dirent *entry;

	if (!directory) {
		close_fd(fd);
		return;
	}
	while ((entry = readdir(directory))) {
		_cleanup_free_ char *below = NULL;
		struct stat status;
		int child;

		if (entry->d_type != DT_DIR || streq(entry->d_name, ".") ||
		    streq(entry->d_name, ".."))
			continue;
		child = openat(dirfd(directory), entry->d_name,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child < 0 || fstat(child, &status) < 0 || status.st_ino == search->own_id) {
			close_fd(child);
			continue;
		}
		below = xasprintf("%s%s%s", path, *path ? "/" : "", entry->d_name);
		look_below(search, child, below, take(search, status.st_ino, below, is_included));
	}
	closedir(directory);
}

uint64_t include_existing(const struct include *include, uint64_t own_id, struct trace *trace,
			  struct model *model)
{
	struct search search = {include, own_id, 0, trace, model};
	int fd = open(include->root_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		look_below(&search, fd, "", false);
	return search.refused;
}
