/* Find the directory of a process's cgroup from the text of two files in /proc. Pure functions */
#include "system/cgroup_find.h"

#include <errno.h>

#include "base/util.h"

/* options is a list such as "rw,cpu,cpuacct". */
static bool has_option(const char *options, const char *option)
{
	size_t length = strlen(option);

	for (const char *s = options; s; s = strchr(s, ',')) {
		s += *s == ',';
		if (strncmp(s, option, length) == 0 && (s[length] == ',' || s[length] == '\0'))
			return true;
	}
	return false;
}

/*
 * Returns the path in a line "N:CONTROLLERS:PATH" of /proc/PID/cgroup if the line names controller,
 * else NULL. If controller is NULL, the line must be that of cgroup v2, "0::PATH".
 */
static const char *line_path(const char *line, const char *controller)
{
	const char *controllers = line + strspn(line, "0123456789");
	size_t length;
	_cleanup_free_ char *list = NULL;

	if (!controller)
		return startswith(line, "0::");
	if (*controllers++ != ':')
		return NULL;
	length = strcspn(controllers, ":\n");
	list = xstrndup(controllers, length);
	return controllers[length] == ':' && has_option(list, controller) ? controllers + length + 1
									  : NULL;
}

static int find_path(const char *proc_cgroup, const char *controller, char **ret)
{
	const char *line = proc_cgroup;

	while (*line) {
		const char *path = line_path(line, controller);
		size_t length = strcspn(line, "\n");

		if (path) {
			*ret = xstrndup(path, length - (size_t)(path - line));
			return 0;
		}
		line += length + (line[length] == '\n');
	}
	return -ENOENT;
}

int cgroup_own_path(const char *proc_cgroup, char **ret)
{
	return find_path(proc_cgroup, NULL, ret);
}

int cgroup_v1_own_path(const char *proc_cgroup, const char *controller, char **ret)
{
	return find_path(proc_cgroup, controller, ret);
}

bool cgroup_path_within(const char *path, const char *ancestor)
{
	const char *rest = startswith(path, streq(ancestor, "/") ? "" : ancestor);

	return rest && (*rest == '/' || *rest == '\0');
}

/* The fields used of one line of mountinfo, not yet unescaped */
struct mount_line {
	char *id;
	char *root;
	char *mount_point;
	char *options;
	char *type;
	char *super_options;
};

/*
 * Splits a line in place: "36 35 98:0 /root /mount/point rw,noatime master:1 - ext3 /dev/sda1
 * rw,errors=continue". Any number of optional fields may precede the lone "-".
 */
static bool split_line(char *line, struct mount_line *ret)
{
	char *field[6] = {NULL};
	char *tail[3] = {NULL};
	size_t n = 0, n_tail = 0;
	bool in_tail = false;
	char *state = NULL;

	for (char *s = strtok_r(line, " ", &state); s; s = strtok_r(NULL, " ", &state)) {
		if (in_tail) {
			if (n_tail < ARRAY_SIZE(tail))
				tail[n_tail++] = s;
		} else if (n < ARRAY_SIZE(field)) {
			field[n++] = s;
		} else {
			in_tail = streq(s, "-");
		}
	}
	if (n_tail < 1)
		return false;
	*ret = (struct mount_line){
		.id = field[0],
		.root = field[3],
		.mount_point = field[4],
		.options = field[5],
		.type = tail[0],
		/* If the source is empty, the line has one field less: take the last one. */
		.super_options = n_tail > 0 ? tail[n_tail - 1] : tail[0],
	};
	return true;
}

/*
 * Undoes seq_escape() (fs/seq_file.c): the kernel writes space, tab, newline and backslash as \ooo.
 */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

static bool line_place(struct mount_line *line, const char *own_path, struct cgroup_place *ret)
{
	const char *below;
	uint64_t id;

	unescape(line->root);
	unescape(line->mount_point);
	if (!cgroup_path_within(own_path, line->root) || parse_u64(line->id, &id) < 0 ||
	    id > INT32_MAX)
		return false;

	below = streq(line->root, "/") ? own_path : own_path + strlen(line->root);
	if (streq(below, "/"))
		below = "";
	ret->mount_id = (int)id;
	ret->read_only = has_option(line->options, "ro") || has_option(line->super_options, "ro");
	ret->dir = xasprintf("%s%s", streq(line->mount_point, "/") ? "" : line->mount_point, below);
	return true;
}

static bool is_hierarchy(const struct mount_line *line, const char *controller)
{
	if (!controller)
		return streq(line->type, "cgroup2");
	return streq(line->type, "cgroup") && has_option(line->super_options, controller);
}

static int find_places(const char *mountinfo, const char *controller, const char *own_path,
		       struct cgroup_place **ret, size_t *ret_count)
{
	_cleanup_free_ char *text = xstrdup(mountinfo);
	struct cgroup_place *places = NULL;
	size_t count = 0, writable = 0;
	char *state = NULL;

	/*
	 * "/.." stands for a cgroup outside the namespace: own_path "/../x" and a mount root "/.."
	 * have a common prefix, but they may be unrelated.
	 */
	if (cgroup_path_within(own_path, "/.."))
		return -EXDEV;

	for (char *s = strtok_r(text, "\n", &state); s; s = strtok_r(NULL, "\n", &state)) {
		struct mount_line line;
		struct cgroup_place place;
		size_t at;

		if (!split_line(s, &line) || !is_hierarchy(&line, controller) ||
		    !line_place(&line, own_path, &place))
			continue;
		at = place.read_only ? count : writable++;
		places = xreallocarray(places, ++count, sizeof(*places));
		memmove(places + at + 1, places + at, (count - 1 - at) * sizeof(*places));
		places[at] = place;
	}
	*ret = places;
	*ret_count = count;
	return 0;
}

int cgroup_places(const char *mountinfo, const char *own_path, struct cgroup_place **ret,
		  size_t *ret_count)
{
	return find_places(mountinfo, NULL, own_path, ret, ret_count);
}

int cgroup_v1_places(const char *mountinfo, const char *controller, const char *own_path,
		     struct cgroup_place **ret, size_t *ret_count)
{
	return find_places(mountinfo, controller, own_path, ret, ret_count);
}

void cgroup_places_free(struct cgroup_place *places, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(places[i].dir);
	free(places);
}

int cgroup_directory(const char *mountinfo, const char *path, char **ret)
{
	struct cgroup_place *places = NULL;
	size_t count = 0;
	int r = cgroup_places(mountinfo, path, &places, &count);

	if (r == 0 && !count)
		r = -ENOENT;
	if (r == 0)
		*ret = xstrdup(places[0].dir);
	cgroup_places_free(places, count);
	return r;
}

int cgroup_depth(const char *path)
{
	int components = 0;

	for (const char *at = path; *at; at++)
		components += *at == '/' && at[1] && at[1] != '/';
	return components;
}

bool cgroup_mounted(const char *mountinfo)
{
	return strstr(mountinfo, " - cgroup2 ") != NULL;
}
