/* Tests of base/log: the form of a line, what quiet hides, and that hostile text cannot act */
#include "base/log.h"

#include <errno.h>
#include <unistd.h>

#include "base/util.h"
#include "tap.h"

/* Standard error goes to a file of its own while the tests run. */
static FILE *capture;

/* What was logged since the last call; valid until the next. */
static const char *logged(void)
{
	static char text[4096];
	size_t n;

	rewind(capture);
	n = fread(text, 1, sizeof(text) - 1, capture);
	text[n] = '\0';
	rewind(capture);
	if (ftruncate(fileno(capture), 0) < 0)
		return "ftruncate failed";
	return text;
}

static void test_lines(void)
{
	log_error("no such %s: %d", "thing", 5);
	is_str(logged(), "latwrap: no such thing: 5\n");
	log_warning("careful");
	is_str(logged(), "latwrap: careful\n");
	log_info("by the way");
	is_str(logged(), "latwrap: by the way\n");
	log_error("%s", "");
	is_str(logged(), "latwrap: \n");
}

static void test_errno(void)
{
	errno = EBUSY;
	is_int(log_errno(ENOENT, "cannot open %s", "/x"), -ENOENT);
	is_str(logged(), "latwrap: cannot open /x: No such file or directory\n");
	is_int(log_errno(-EACCES, "cannot read"), -EACCES);
	is_str(logged(), "latwrap: cannot read: Permission denied\n");
	is_int(log_errno(0, "lost"), -EIO);
	logged();

	log_error("x");
	log_warning("x");
	log_info("x");
	is_int(errno, EBUSY);
	logged();
}

static void test_quiet(void)
{
	log_set_quiet(true);
	log_info("hidden");
	is_str(logged(), "");
	log_warning("shown");
	is_str(logged(), "latwrap: shown\n");
	log_error("shown");
	is_str(logged(), "latwrap: shown\n");
	log_set_quiet(false);
	log_info("back");
	is_str(logged(), "latwrap: back\n");
}

static void test_hostile(void)
{
	log_error("file %s", "a\nlatwrap: all is well");
	is_str(logged(), "latwrap: file a\\x0alatwrap: all is well\n");
	log_error("file %s", "\x1b[2J\xc2\x9b"
			     "2J");
	is_str(logged(), "latwrap: file \\x1b[2J\\u{009b}2J\n");
	log_error("file %s", "caf\xe9 caf\xc3\xa9");
	is_str(logged(), "latwrap: file caf\xef\xbf\xbd caf\xc3\xa9\n");
	log_error("file %s", "##[error]no ###vso[");
	is_str(logged(), "latwrap: file #\\x23[error]no #\\x23\\x23vso[\n");
}

int main(void)
{
	_cleanup_close_ int saved = dup(STDERR_FILENO);

	capture = tmpfile();
	if (!capture || saved < 0 || dup2(fileno(capture), STDERR_FILENO) < 0) {
		printf("Bail out! cannot redirect standard error\n");
		return 1;
	}
	test_lines();
	test_errno();
	test_quiet();
	test_hostile();
	dup2(saved, STDERR_FILENO);
	fclose(capture);
	return tap_done();
}
