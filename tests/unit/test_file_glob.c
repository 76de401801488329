/* Tests of system/file_glob: what a pattern matches, links that lead in a circle, deep and hidden directories */
#include "system/file_glob.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "system/remove_tree.h"
#include "tap.h"

static char directory[] = "/tmp/latwrap-test-XXXXXX";
static int directory_fd;

/* Makes the directories of a path that ends with a slash, or else a file in them. */
static void make(const char *path)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		_cleanup_free_ char *above = xstrndup(path, (size_t)(slash - path));

		mkdirat(directory_fd, above, 0755);
	}
	if (path[strlen(path) - 1] != '/')
		close_fd(openat(directory_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

static char *found(const char *pattern)
{
	struct found_files files = {0};
	char *list = xstrdup("");

	find_files(directory_fd, pattern, &files);
	found_files_sort(&files);
	for (size_t i = 0; i < files.count; i++) {
		char *longer = xasprintf("%s%s%s", list, *list ? " " : "", files.paths[i]);

		free(list);
		list = longer;
	}
	ok(!files.is_cut);
	found_files_done(&files);
	return list;
}

static void test_patterns(void)
{
	static const struct {
		const char *pattern, *files;
	} cases[] = {
		{"a.xml", "a.xml"},
		{"./a.xml", "./a.xml"},
		{"sub//TEST-1.xml", "sub/TEST-1.xml"},
		{"none.xml", ""},
		{"none/*.xml", ""},
		{"*.xml", "a.xml b.xml"},
		{"?.xml", "a.xml b.xml"},
		{"[a].xml", "a.xml"},
		{"\\*.xml", ""},
		{"sub/*.xml", "sub/TEST-1.xml"},
		{"*/*.xml", "circle/a.xml circle/b.xml link/TEST-1.xml sub/TEST-1.xml"},
		{"link/*.xml", "link/TEST-1.xml"},
		{"**/TEST-*.xml", "sub/TEST-1.xml sub/deep/er/TEST-2.xml"},
		{"**/*.xml", "a.xml b.xml sub/TEST-1.xml sub/deep/er/TEST-2.xml"},
		{"**/**/TEST-*.xml", "sub/TEST-1.xml sub/deep/er/TEST-2.xml"},
		{"sub/**", "sub/TEST-1.xml sub/deep/er/TEST-2.xml"},
		{"sub/**/er/*.xml", "sub/deep/er/TEST-2.xml"},
		{".*.xml", ".c.xml"},
		{".hidden/*.xml", ".hidden/d.xml"},
		{"a.xml/b.xml", ""},
		{"fifo/*", ""},
		{"circle/*.xml", "circle/a.xml circle/b.xml"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *files = found(cases[i].pattern);

		okf(streq(files, cases[i].files), "%s: %s", cases[i].pattern, files);
	}
}

static void test_absolute(void)
{
	_cleanup_free_ char *pattern = xasprintf("/%s/**/a.xml", directory);
	_cleanup_free_ char *files = found(pattern), *expected = xasprintf("%s/a.xml", directory);

	is_str(files, expected);
}

static void test_limits(void)
{
	struct found_files files = {.entries = FOUND_ENTRIES_MAX - 1};
	char path[2 * 70 + 8] = "";

	find_files(directory_fd, "*", &files);
	ok(files.is_cut);
	ok(files.count <= 1);
	found_files_done(&files);
	for (int i = 0; i < 70; i++)
		strcat(path, "x/");
	make(path);
	find_files(directory_fd, "x/**/*", &files);
	ok(files.is_cut);
	found_files_done(&files);
}

int main(void)
{
	ok(mkdtemp(directory));
	directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make("a.xml");
	make("b.xml");
	make(".c.xml");
	make(".hidden/d.xml");
	make("sub/TEST-1.xml");
	make("sub/deep/er/TEST-2.xml");
	mkfifoat(directory_fd, "fifo", 0644);
	ok(symlinkat("sub", directory_fd, "link") == 0);
	ok(symlinkat(".", directory_fd, "circle") == 0);
	test_patterns();
	test_absolute();
	test_limits();
	remove_tree(AT_FDCWD, directory_fd, directory);
	close_fd(directory_fd);
	return tap_done();
}
