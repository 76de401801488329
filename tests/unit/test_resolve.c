/* Tests of run/resolve: the file of a mapping, by its identity and by an address */
#include "run/resolve.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/util.h"
#include "system/procfs.h"
#include "tap.h"

struct mapping {
	uint64_t address;
	struct file_id file;
};

static struct mapping map_new_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);
	struct mapping mapping = {0};
	struct stat st;

	if (fd < 0 || ftruncate(fd, 4096) < 0 || fstat(fd, &st) < 0)
		abort();
	mapping.address = (uintptr_t)mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	mapping.file.inode = st.st_ino;
	mapping.file.device = (uint32_t)(major(st.st_dev) << 20 | minor(st.st_dev));
	close(fd);
	return mapping;
}

static void is_mapped(uint64_t address, const struct file_id *file, const char *expected)
{
	struct resolver resolver = {.cgroup_fd = -1};
	struct model_resolvers resolvers = resolver_callbacks(&resolver);
	_cleanup_free_ char *path =
		resolvers.mapped_file(&resolver, (uint32_t)getpid(), address, file);

	/* In another PID namespace, nobody knows what the kernel calls a process. */
	if (expected && procfs_host_number((uint32_t)getpid()))
		is_str(path, expected);
	else
		ok(!path);
}

/* Of two mappings one comes first in the memory map, whichever it is. */
static void test_mapped_file(void)
{
	struct mapping one = map_new_file("one"), other = map_new_file("other");
	struct file_id unknown = one.file;

	unknown.inode += 1000000;
	is_mapped(one.address, &one.file, "/memfd:one (deleted)");
	is_mapped(one.address, &other.file, "/memfd:other (deleted)");
	is_mapped(other.address, &one.file, "/memfd:one (deleted)");
	is_mapped(other.address, NULL, "/memfd:other (deleted)");
	is_mapped(other.address, &unknown, "/memfd:other (deleted)");
	is_mapped(0, &one.file, "/memfd:one (deleted)");
	is_mapped(0, &unknown, NULL);
	is_mapped((uintptr_t)&one, NULL, NULL);
}

int main(void)
{
	test_mapped_file();
	return tap_done();
}
