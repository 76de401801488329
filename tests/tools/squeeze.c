/* Reads a file under a memory limit that is full of pages which are dear to take away. */
#include <fcntl.h>
#include <sys/mman.h>

#include "tool.h"

/*
 *   squeeze MAPPED_MIB READ_MIB MAPPED_FILE READ_FILE
 *
 * Maps one file again and again and touches all of it, then reads the other file with one call. A page can
 * only go once all its mappings are gone, and the kernel looks at each of them: that takes longer than
 * reading, which fills holes with zeros.
 */
#define MAPPINGS 64
#define MAX_MIB  256
#define MIB      (1024 * 1024UL)

static size_t mebibytes(const char *text)
{
	long value = atol(text);

	if (value < 1 || value > MAX_MIB)
		die("out of bounds: %s MiB", text);
	return (size_t)value * MIB;
}

static int open_sized(const char *path, size_t bytes)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0)
		die("cannot make %s", path);
	return fd;
}

int main(int argc, char **argv)
{
	size_t mapped_bytes, read_bytes;
	uint64_t before_ns, after_ns;
	int mapped, to_read;
	ssize_t result;
	void *to;

	if (argc != 5)
		die("usage: squeeze MAPPED_MIB READ_MIB MAPPED_FILE READ_FILE");
	/* Under a limit that is too small for its page tables it would go on for minutes. */
	alarm(20);
	mapped_bytes = mebibytes(argv[1]);
	read_bytes = mebibytes(argv[2]);
	mapped = open_sized(argv[3], mapped_bytes);
	to_read = open_sized(argv[4], read_bytes);
	to = mmap(NULL, read_bytes, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (to == MAP_FAILED)
		die("no memory");
	for (int i = 0; i < MAPPINGS; i++)
		if (mmap(NULL, mapped_bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, mapped, 0) ==
		    MAP_FAILED)
			die("cannot map");
	before_ns = now_ns();
	result = read(to_read, to, read_bytes);
	after_ns = now_ns();
	emit("{\"pid\": %d, \"before_ns\": %llu, \"after_ns\": %llu, \"result\": %zd}", getpid(),
	     (unsigned long long)before_ns, (unsigned long long)after_ns, result);
	return 0;
}
