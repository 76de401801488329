/* Tests of model/image: bytes, paths from their parts, and shared programs */
#include "model/image.h"

#include "base/util.h"
#include "tap.h"

#define is_path(string, walk, expected) \
	check_path(string, sizeof(string) - 1, walk, sizeof(walk) - 1, expected)

/* The parts in memory of exactly their size, for the sanitizer. */
static void check_path(const char *string, size_t string_bytes, const char *walk, size_t walk_bytes,
		       const char *expected)
{
	_cleanup_free_ char *string_copy = xmalloc(string_bytes), *walk_copy = xmalloc(walk_bytes);
	struct bytes path;

	memcpy(string_copy, string, string_bytes);
	memcpy(walk_copy, walk, walk_bytes);
	path = path_assemble(string_copy, string_bytes, walk_copy, walk_bytes);
	is_str(path.data, expected);
	is_u64(path.size, strlen(expected));
	bytes_done(&path);
}

static void test_paths(void)
{
	is_path("", "", "/");
	is_path("", "a\0", "/a");
	is_path("", "c\0bb\0a\0", "/a/bb/c");
	is_path("", "c\0b", "/b/c"); /* cut in the middle of a name */
	is_path("", "c", "/c");
	is_path("/x/y", "", "/x/y");
	is_path("/x/y", "b\0a\0", "/a/b/x/y"); /* the walk leads to its root */
	is_path("x", "", "/x");
	is_path("x/y", "b\0a\0", "/a/b/x/y");
	is_path("../x", "b\0a\0", "/a/b/../x");
	is_path("//x", "", "//x");
	is_path(".", "", "/.");
	is_path("", "\0", "/");
	is_path("", "b\0\0a\0", "/a//b"); /* no kernel has an empty name */
	is_path("\xff", "\xfe\0", "/\xfe/\xff");
	is_path("", " \0\n\0", "/\n/ ");
}

static void test_long_paths(void)
{
	_cleanup_free_ char *walk = xmalloc(8192);
	struct bytes path;

	/* One-letter names: as many slashes as letters. */
	for (size_t i = 0; i < 8192; i++)
		walk[i] = i % 2 ? '\0' : 'a';
	path = path_assemble(NULL, 0, walk, 8192);
	is_u64(path.size, 8192);
	ok(path.data[0] == '/' && path.data[8191] == 'a');
	bytes_done(&path);
	/* One name of all. */
	memset(walk, 'b', 8192);
	path = path_assemble("c", 1, walk, 8192);
	is_u64(path.size, 1 + 8192 + 2);
	bytes_done(&path);
}

static void test_cut(void)
{
	struct bytes path = bytes_copy("/b/c", 4);

	path_mark_cut(&path);
	is_str(path.data, ".../b/c");
	is_u64(path.size, 7);
	bytes_done(&path);
}

static void test_bytes(void)
{
	struct bytes bytes = bytes_copy("a\0b", 3);

	is_u64(bytes.size, 3);
	ok(memcmp(bytes.data, "a\0b\0", 4) == 0);
	bytes_done(&bytes);
	ok(!bytes.data && !bytes.size);
	bytes_done(&bytes);
	bytes = bytes_copy(NULL, 0);
	is_str(bytes.data, "");
	bytes_done(&bytes);
}

static void test_references(void)
{
	struct image *image = image_new(bytes_copy("x", 2), true, (struct bytes){0});

	ok(image_ref(NULL) == NULL);
	image_unref(NULL);
	ok(image_ref(image) == image);
	image_unref(image);
	is_str(image->argv.data, "x");
	ok(image->argv_truncated && !image->exe.data);
	image_unref(image);
}

int main(void)
{
	test_paths();
	test_long_paths();
	test_cut();
	test_bytes();
	test_references();
	return tap_done();
}
