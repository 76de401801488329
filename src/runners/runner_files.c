/* Unpack the wrappers (wrappers/), which are part of the program, once into a lasting directory */
#include "runners/runner_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "system/own_place.h"
#include "system/remove_tree.h"
#include "runners/runner.h"

#define PROGRAM   "latwrap"
#define OWN_EXE   "/proc/self/exe"
#define TEMPORARY ".new-" /* prefix of a directory that is incomplete or being removed */
#define ATTEMPTS  16

/* The Makefile generates this from wrappers/. */
static const struct {
	const char *path; /* below wrappers/ */
	const unsigned char *data;
	size_t size;
} files[] = {
#include <wrappers.inc>
};

/* -- The directory's name -------------------------------------------------------------------------- */

/*
 * Copies the build ID of the program, or its first bytes. The program is the first loaded object.
 */
static int take_build_id(struct dl_phdr_info *info, size_t size, void *ret_id)
{
	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		const char *note = (const char *)(info->dlpi_addr + header->p_vaddr);
		const char *end = note + header->p_memsz;
		size_t mask = header->p_align == 8 ? 7 : 3;

		while (header->p_type == PT_NOTE && note + sizeof(ElfW(Nhdr)) <= end) {
			const ElfW(Nhdr) *part = (const void *)note;

			note += (sizeof(*part) + part->n_namesz + mask) & ~mask;
			if (part->n_type == NT_GNU_BUILD_ID)
				memcpy(ret_id, note, MIN(sizeof(uint64_t), (size_t)part->n_descsz));
			note += (part->n_descsz + mask) & ~mask;
		}
	}
	return 1;
}

/*
 * Makes the name from the build ID, which depends on all that is linked, wrappers included, and
 * from the size, because strip(1) does not change the build ID.
 */
static char *directory_name(const struct stat *program)
{
	uint64_t id = 0;

	dl_iterate_phdr(take_build_id, &id);
	/* A program without a build ID: identify the file instead. */
	if (!id)
		id = (uint64_t)program->st_ino << 32 ^ (uint64_t)program->st_mtim.tv_sec << 24 ^
		     (uint64_t)program->st_mtim.tv_nsec;
	return xasprintf(LATWRAP_VERSION "-%016llx",
			 (unsigned long long)(id ^ (uint64_t)program->st_size));
}

/* -- Checking ---------------------------------------------------------------------------------- */

static mode_t mode_of(size_t file)
{
	bool is_program = files[file].size > 2 && memcmp(files[file].data, "#!", 2) == 0;

	return is_program ? 0755 : 0644;
}

static char *shim_path(enum runner runner)
{
	return xasprintf("path/%s/%s", runner_names[runner], runner_names[runner]);
}

static bool is_there(int dir_fd, const char *path, mode_t mode, off_t size)
{
	struct stat st;

	return fstatat(dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_mode == mode &&
	       st.st_uid == geteuid() && (S_ISDIR(mode) || st.st_size == size);
}

/* Checks the file and the directories that contain it. */
static bool is_file_there(int dir_fd, const char *path, mode_t permissions, off_t size)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		_cleanup_free_ char *parent = xstrndup(path, (size_t)(slash - path));

		if (!is_there(dir_fd, parent, S_IFDIR | 0755, 0))
			return false;
	}
	return is_there(dir_fd, path, S_IFREG | permissions, size);
}

static bool is_whole(int base_fd, const char *name, const struct stat *program)
{
	_cleanup_close_ int dir_fd = own_place_open_below(base_fd, name);

	if (dir_fd < 0 || !is_there(dir_fd, ".", S_IFDIR | 0755, 0) ||
	    !is_file_there(dir_fd, PROGRAM, 0755, program->st_size))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (!is_file_there(dir_fd, files[i].path, mode_of(i), (off_t)files[i].size))
			return false;
	for (enum runner runner = 0; runner < RUNNERS; runner++) {
		_cleanup_free_ char *path = shim_path(runner);

		if (RUNNER_SHIMS & 1u << runner &&
		    !is_file_there(dir_fd, path, 0755, program->st_size))
			return false;
	}
	return true;
}

/* -- Writing ----------------------------------------------------------------------------------- */

/* Makes the parent directories of path below dir_fd: a and a/b for "a/b/c". */
static int make_parents(int dir_fd, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		_cleanup_free_ char *parent = xstrndup(path, (size_t)(slash - path));

		/* Ignore the umask: the command may run as another user. */
		if (mkdirat(dir_fd, parent, 0755) == 0 ? fchmodat(dir_fd, parent, 0755, 0) < 0
						       : errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int create(int dir_fd, const char *path)
{
	int fd, r = make_parents(dir_fd, path);

	if (r < 0)
		return r;
	fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

static int write_file(int dir_fd, const char *path, const void *data, size_t size, mode_t mode)
{
	_cleanup_close_ int fd = create(dir_fd, path);
	const char *rest = data;

	if (fd < 0)
		return fd;
	while (size) {
		ssize_t n = write(fd, rest, size);

		if (n < 0 && errno != EINTR)
			return -errno;
		rest += MAX(n, 0);
		size -= (size_t)MAX(n, 0);
	}
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

/* Shares the blocks of the program if the file system can. */
static int copy_program(int dir_fd, int program_fd)
{
	_cleanup_free_ char *data = NULL;
	_cleanup_close_ int fd = create(dir_fd, PROGRAM);
	size_t size;
	int r;

	if (fd < 0)
		return fd;
	if (ioctl(fd, FICLONE, program_fd) == 0)
		return fchmod(fd, 0755) < 0 ? -errno : 0;
	if (unlinkat(dir_fd, PROGRAM, 0) < 0)
		return -errno;
	r = read_file(OWN_EXE, &data, &size);
	return r < 0 ? r : write_file(dir_fd, PROGRAM, data, size, 0755);
}

static int fill(int dir_fd, int program_fd)
{
	int r = copy_program(dir_fd, program_fd);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++)
		r = write_file(dir_fd, files[i].path, files[i].data, files[i].size, mode_of(i));
	for (enum runner runner = 0; r == 0 && runner < RUNNERS; runner++) {
		_cleanup_free_ char *path = shim_path(runner);

		if (!(RUNNER_SHIMS & 1u << runner))
			continue;
		r = make_parents(dir_fd, path);
		if (r == 0 && linkat(dir_fd, PROGRAM, dir_fd, path, 0) < 0)
			r = -errno;
	}
	return r == 0 && fchmod(dir_fd, 0755) < 0 ? -errno : r;
}

/* -- Moving it into place ---------------------------------------------------------------------- */

/*
 * Opens and locks a directory: it is ours while the descriptor is open. Returns a descriptor,
 * -EWOULDBLOCK if another latwrap has it, or another -errno.
 */
static int claim(int base_fd, const char *name)
{
	_cleanup_close_ int fd = own_place_open_below(base_fd, name);

	if (fd < 0)
		return fd;
	return flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : steal_fd(&fd);
}

static void clean_left_behind(int base_fd)
{
	int fd = openat(base_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!stream)
		close_fd(fd);
	while (stream && (entry = readdir(stream))) {
		_cleanup_close_ int left =
			startswith(entry->d_name, TEMPORARY) ? claim(base_fd, entry->d_name) : -1;

		if (left >= 0)
			remove_tree(base_fd, left, entry->d_name);
	}
	if (stream)
		closedir(stream);
}

/*
 * Makes a directory with mode 0700, so that no other user can open it to lock it. Returns its
 * locked descriptor and its name, or -errno.
 */
static int make_temporary(int base_fd, char **ret_name)
{
	for (unsigned i = 0; i < ATTEMPTS; i++) {
		_cleanup_free_ char *name = NULL;
		uint64_t random;
		int fd;

		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			return -errno;
		name = xasprintf(TEMPORARY "%016llx", (unsigned long long)random);
		if (mkdirat(base_fd, name, 0700) < 0)
			return -errno;
		/* Another latwrap may have taken the directory as left behind: try another name. */
		fd = claim(base_fd, name);
		if (fd == -EWOULDBLOCK || fd == -ENOENT)
			continue;
		if (fd >= 0)
			*ret_name = steal_ptr(name);
		return fd;
	}
	return -EEXIST;
}

/* Moves a damaged directory away and removes it. Only its owner can have damaged it. */
static void move_away(int base_fd, const char *name)
{
	_cleanup_free_ char *away = NULL;
	_cleanup_close_ int away_fd = make_temporary(base_fd, &away), fd = -1;

	if (away_fd < 0 || renameat(base_fd, name, away_fd, "damaged") < 0)
		return;
	remove_tree(base_fd, away_fd, away);
}

static int put(int base_fd, const char *temporary, const char *name, const struct stat *program)
{
	for (unsigned i = 0; i < ATTEMPTS; i++) {
		int r = renameat(base_fd, temporary, base_fd, name) < 0 ? -errno : 0;

		if (r == 0)
			return 0;
		/* Another latwrap was faster. */
		if (is_whole(base_fd, name, program))
			return -EEXIST;
		if (r != -EEXIST && r != -ENOTEMPTY && r != -ENOTDIR)
			return r;
		move_away(base_fd, name);
	}
	return -EBUSY;
}

static int make(int base_fd, const char *name, int program_fd, const struct stat *program)
{
	_cleanup_free_ char *temporary = NULL;
	_cleanup_close_ int fd = -1;
	int r;

	clean_left_behind(base_fd);
	fd = make_temporary(base_fd, &temporary);
	if (fd < 0)
		return fd;
	r = fill(fd, program_fd);
	if (r == 0)
		r = put(base_fd, temporary, name, program);
	if (r < 0)
		remove_tree(base_fd, fd, temporary);
	return r == -EEXIST ? 0 : r;
}

/* -- All of it ------------------------------------------------------------------------------------- */

static int make_below(void *context, int base_fd, const char *base)
{
	struct runner_files *ret = context;
	_cleanup_close_ int program_fd = open(OWN_EXE, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *name = NULL, *path = NULL, *executable = NULL;
	struct stat program;
	int r = 0;

	if (program_fd < 0 || fstat(program_fd, &program) < 0)
		return -errno;
	name = directory_name(&program);
	if (!is_whole(base_fd, name, &program))
		r = make(base_fd, name, program_fd, &program);
	if (r < 0)
		return r;
	path = xasprintf("%s/%s", base, name);
	executable = xasprintf("%s/" PROGRAM, path);
	ret->is_executable = faccessat(AT_FDCWD, executable, X_OK, AT_EACCESS) == 0;
	if (ret->is_executable || !ret->path) {
		free(ret->path);
		ret->path = steal_ptr(path);
	}
	return ret->is_executable ? 0 : -ENOEXEC;
}

int runner_files_make(struct runner_files *ret, char **ret_complaint)
{
	int r;

	*ret = (struct runner_files){0};
	r = own_place_find(OWN_PLACE_LASTING, make_below, ret, ret_complaint);
	return ret->path ? 0 : r;
}

void runner_files_done(struct runner_files *files_made)
{
	free(files_made->path);
	*files_made = (struct runner_files){0};
}
