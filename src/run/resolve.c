/* Look up names while the machine still knows them: cgroups, files, programs, kernel functions */
#include "run/resolve.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/util.h"
#include "model/calls.h"
#include "system/procfs.h"

/* FILEID_KERNFS, include/linux/exportfs.h: a kernfs handle is the 64-bit ID of the node. */
#define FILEID_KERNFS 0xfe
#define CACHE_MAX     1024

void resolver_init(struct resolver *resolver, const struct cgroup *cgroup)
{
	size_t below;

	*resolver = (struct resolver){.cgroup_fd = cgroup->fd};
	if (!cgroup->dir || !cgroup->path)
		return;
	below = streq(cgroup->path, "/") ? 0 : strlen(cgroup->path);
	if (strlen(cgroup->dir) > below)
		resolver->mount_length = strlen(cgroup->dir) - below;
}

void resolver_done(struct resolver *resolver)
{
	for (size_t i = 0; i < resolver->cached; i++)
		free(resolver->cache[i].path);
	free(resolver->cache);
	*resolver = (struct resolver){.cgroup_fd = -1};
}

/* -- Cgroups --------------------------------------------------------------------------------------- */

static char *descriptor_path(int fd)
{
	char link[32], target[4096];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, target, sizeof(target) - 1);
	if (n <= 0)
		return NULL;
	target[n] = '\0';
	return xstrdup(target);
}

static char *ask_kernel(const struct resolver *resolver, uint64_t id)
{
	_cleanup_free_ struct file_handle *handle = xcalloc(1, sizeof(*handle) + sizeof(id));
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;

	handle->handle_bytes = sizeof(id);
	handle->handle_type = FILEID_KERNFS;
	memcpy(handle->f_handle, &id, sizeof(id));
	fd = open_by_handle_at(resolver->cgroup_fd, handle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	path = descriptor_path(fd);
	if (!path || strlen(path) < resolver->mount_length)
		return NULL;
	return xstrdup(path[resolver->mount_length] ? path + resolver->mount_length : "/");
}

static char *cgroup_path(void *context, uint64_t id)
{
	struct resolver *resolver = context;
	struct cached_cgroup *entry;

	for (size_t i = 0; i < resolver->cached; i++)
		if (resolver->cache[i].id == id)
			return resolver->cache[i].path ? xstrdup(resolver->cache[i].path) : NULL;
	if (resolver->cached >= CACHE_MAX)
		return ask_kernel(resolver, id);
	if (resolver->cached == resolver->capacity) {
		resolver->capacity = MAX(resolver->capacity * 2, (size_t)16);
		resolver->cache = xreallocarray(resolver->cache, resolver->capacity,
						sizeof(*resolver->cache));
	}
	entry = &resolver->cache[resolver->cached++];
	*entry = (struct cached_cgroup){.id = id, .path = ask_kernel(resolver, id)};
	return entry->path ? xstrdup(entry->path) : NULL;
}

/* -- Block devices --------------------------------------------------------------------------------- */

static char *device_name(void *context, uint32_t device)
{
	char link[48], target[4096];
	const char *name;
	ssize_t n;

	(void)context;
	snprintf(link, sizeof(link), "/sys/dev/block/%" PRIu32 ":%" PRIu32, device >> 20,
		 device & 0xfffff);
	n = readlink(link, target, sizeof(target) - 1);
	if (n <= 0)
		return NULL;
	target[n] = '\0';
	name = strrchr(target, '/');
	return name ? xstrdup(name + 1) : NULL;
}

static size_t lower_devices(void *context, uint32_t device, uint32_t *ret, size_t most)
{
	_cleanup_free_ char *path = xasprintf("/sys/dev/block/%" PRIu32 ":%" PRIu32 "/slaves",
					      device >> 20, device & 0xfffff);
	DIR *directory = opendir(path);
	const struct dirent *entry;
	size_t count = 0;

	(void)context;
	while (directory && count < most && (entry = readdir(directory))) {
		_cleanup_free_ char *name = xasprintf("%s/%s/dev", path, entry->d_name);
		_cleanup_free_ char *text = NULL;
		uint32_t major, minor;

		if (read_file(name, &text, NULL) < 0)
			continue;
		/* The kernel's numbers fit. NOLINTNEXTLINE(cert-err34-c) */
		if (sscanf(text, "%" SCNu32 ":%" SCNu32, &major, &minor) == 2)
			ret[count++] = major << 20 | minor;
	}
	if (directory)
		closedir(directory);
	return count;
}

/* -- Paths in the root directory of a process ------------------------------------------------------ */

/* /proc shows paths as this process sees them. Returns the path as the process sees it, if it is in its root directory. */
static char *path_in_root(uint32_t host_pid, const char *path, size_t length)
{
	char name[32], root[4096];
	size_t cut;
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/%" PRIu32 "/root", procfs_host_number(host_pid));
	n = readlink(name, root, sizeof(root));
	cut = n > 1 ? (size_t)n : 0;
	if (cut >= length || strncmp(path, root, cut) != 0 || path[cut] != '/')
		cut = 0;
	return xstrndup(path + cut, length - cut);
}

/* -- Names of processes ---------------------------------------------------------------------------- */

static bool process_name(void *context, uint32_t host_pid, char ret[COMM_BYTES])
{
	_cleanup_free_ char *text = NULL;
	char name[32];
	size_t size;

	(void)context;
	snprintf(name, sizeof(name), "/proc/%" PRIu32 "/comm", procfs_host_number(host_pid));
	if (read_file(name, &text, &size) < 0 || size < 2)
		return false;
	/* It ends with a newline, and may have others. */
	size = MIN(size - 1, (size_t)COMM_BYTES - 1);
	memset(ret, 0, COMM_BYTES);
	memcpy(ret, text, size);
	return true;
}

/* -- Mapped files ---------------------------------------------------------------------------------- */

/*
 * The path of a mapping of that file or, without one, at that address: the file of a file system of several layers has
 * another inode there.
 */
static char *mapped_file(void *context, uint32_t host_pid, uint64_t address,
			 const struct file_id *file)
{
	char name[32], line[4200];
	_cleanup_free_ char *at_address = NULL;
	_cleanup_fclose_ FILE *maps = NULL;

	(void)context;
	snprintf(name, sizeof(name), "/proc/%" PRIu32 "/maps", procfs_host_number(host_pid));
	maps = fopen(name, "re");
	while (maps && fgets(line, sizeof(line), maps)) {
		uint64_t from, to, inode;
		unsigned device_major, device_minor;
		bool is_file, is_there;
		int path_at = 0;

		/* The numbers of proc_pid_maps(5) fit. NOLINTNEXTLINE(cert-err34-c) */
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %x:%x %" SCNu64 " %n", &from, &to,
			   &device_major, &device_minor, &inode, &path_at) < 5)
			continue;
		is_file = file && inode == file->inode &&
			  (device_major << 20 | device_minor) == file->device;
		is_there = address >= from && address < to;
		line[strcspn(line, "\n")] = '\0';
		if ((!is_file && !is_there) || !path_at || line[path_at] != '/')
			continue;
		if (is_file)
			return path_in_root(host_pid, line + path_at, strlen(line + path_at));
		at_address = path_in_root(host_pid, line + path_at, strlen(line + path_at));
	}
	return steal_ptr(at_address);
}

/* -- Files of calls in progress -------------------------------------------------------------- */

/*
 * Reads /proc/TID/syscall: the number and the six arguments of the call in which a thread sleeps
 * (proc_pid_syscall(5)).
 */
static char *called_file(void *context, uint32_t host_tid, uint32_t number)
{
	const struct call_info *info = call_find(number);
	_cleanup_free_ char *text = NULL;
	char name[48], target[4096];
	uint64_t arguments[6];
	long current;
	ssize_t n;

	(void)context;
	if (!info || info->rule.kind != CALL_FD)
		return NULL;
	snprintf(name, sizeof(name), "/proc/%" PRIu32 "/syscall", procfs_host_number(host_tid));
	/* The registers fit. NOLINTBEGIN(cert-err34-c) */
	if (read_file(name, &text, NULL) < 0 ||
	    sscanf(text, "%ld %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64,
		   &current, &arguments[0], &arguments[1], &arguments[2], &arguments[3],
		   &arguments[4], &arguments[5]) != 7 ||
	    current != (long)number)
		return NULL;
	/* NOLINTEND(cert-err34-c) */
	snprintf(name, sizeof(name), "/proc/%" PRIu32 "/fd/%d", procfs_host_number(host_tid),
		 (int)arguments[info->rule.fd_arg]);
	n = readlink(name, target, sizeof(target));
	return n > 0 && target[0] == '/' ? path_in_root(host_tid, target, (size_t)n) : NULL;
}

/* -- Programs of processes that started before the run --------------------------------------- */

static struct image *process_image(void *context, uint32_t host_pid)
{
	_cleanup_free_ char *cmdline = NULL;
	char name[32], target[4096];
	struct bytes argv, exe = {0};
	_cleanup_free_ char *path = NULL;
	size_t size;
	ssize_t n;

	(void)context;
	snprintf(name, sizeof(name), "/proc/%" PRIu32 "/cmdline", procfs_host_number(host_pid));
	if (read_file(name, &cmdline, &size) < 0 || !size)
		return NULL;
	argv = bytes_copy(cmdline, MIN(size, (size_t)ARGV_MAX_BYTES));
	snprintf(name, sizeof(name), "/proc/%" PRIu32 "/exe", procfs_host_number(host_pid));
	n = readlink(name, target, sizeof(target));
	if (n > 0) {
		path = path_in_root(host_pid, target, (size_t)n);
		exe = bytes_copy(path, strlen(path));
	}
	return image_new(argv, size > ARGV_MAX_BYTES, exe);
}

static bool is_inherited(void *context, const char *variable)
{
	(void)context;
	for (char **own = environ; *own; own++)
		if (streq(*own, variable))
			return true;
	return false;
}

static void kernel_symbols(void *context, const uint64_t *addresses, size_t count,
			   char (*ret)[SYMBOL_BYTES])
{
	struct resolver *resolver = context;

	if (resolver->trace)
		trace_name_symbols(resolver->trace, addresses, count, ret);
}

struct model_resolvers resolver_callbacks(struct resolver *resolver)
{
	return (struct model_resolvers){
		.context = resolver,
		.mapped_file = mapped_file,
		.called_file = called_file,
		.device_name = device_name,
		.lower_devices = lower_devices,
		.process_name = process_name,
		.process_image = process_image,
		.is_inherited = is_inherited,
		.kernel_symbols = kernel_symbols,
		.cgroup_path = resolver->cgroup_fd >= 0 ? cgroup_path : NULL,
	};
}
