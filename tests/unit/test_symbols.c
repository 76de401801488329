/* Tests of model/symbols: flags, errors, policies and signals by name */
#include "model/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "base/util.h"
#include "tap.h"

static void is_flags(uint64_t flags, const char *expected)
{
	_cleanup_free_ char *text = symbol_open_flags(flags);

	is_str(text, expected);
}

static void test_open_flags(void)
{
	is_flags(O_RDONLY, "O_RDONLY");
	is_flags(O_WRONLY, "O_WRONLY");
	is_flags(O_RDWR, "O_RDWR");
	is_flags(O_ACCMODE, "O_ACCMODE");
	is_flags(O_WRONLY | O_CREAT | O_EXCL | O_TRUNC, "O_WRONLY|O_CREAT|O_EXCL|O_TRUNC");
	is_flags(O_RDWR | O_APPEND | O_CLOEXEC, "O_RDWR|O_APPEND|O_CLOEXEC");
	/* The larger of two flags that share a bit. */
	is_flags(O_SYNC, "O_RDONLY|O_SYNC");
	is_flags(O_DSYNC, "O_RDONLY|O_DSYNC");
	is_flags(O_RDWR | O_TMPFILE, "O_RDWR|O_TMPFILE");
	is_flags(O_DIRECTORY, "O_RDONLY|O_DIRECTORY");
	is_flags(O_PATH | O_NOFOLLOW, "O_RDONLY|O_NOFOLLOW|O_PATH");
	is_flags(O_NONBLOCK | O_NOCTTY | O_DIRECT | O_NOATIME | O_ASYNC,
		 "O_RDONLY|O_NOCTTY|O_NONBLOCK|O_DIRECT|O_NOATIME|O_ASYNC");
	is_flags(0100000, "O_RDONLY|O_LARGEFILE");
	/* Without a name. */
	is_flags(0x40000000, "O_RDONLY|010000000000");
	is_flags(UINT64_C(1) << 63, "O_RDONLY|01000000000000000000000");
}

static void test_every_bit(void)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		_cleanup_free_ char *text = symbol_open_flags(UINT64_C(1) << bit);

		if (!startswith(text, "O_") || text[strlen(text) - 1] == '|')
			okf(false, "bit %u: %s", bit, text);
	}
}

static void test_errors(void)
{
	is_str(symbol_errno(ENOENT), "ENOENT");
	is_str(symbol_errno(EIO), "EIO");
	is_str(symbol_errno(512), "ERESTARTSYS");
	is_str(symbol_errno(513), "ERESTARTNOINTR");
	is_str(symbol_errno(514), "ERESTARTNOHAND");
	is_str(symbol_errno(516), "ERESTART_RESTARTBLOCK");
	ok(!symbol_errno(-1));
	ok(!symbol_errno(4095));
}

static void test_policies(void)
{
	is_str(symbol_policy(0), "other");
	is_str(symbol_policy(1), "fifo");
	is_str(symbol_policy(2), "rr");
	is_str(symbol_policy(3), "batch");
	ok(!symbol_policy(4)); /* SCHED_ISO was never built */
	is_str(symbol_policy(5), "idle");
	is_str(symbol_policy(6), "deadline");
	is_str(symbol_policy(7), "ext");
	ok(!symbol_policy(8));
	ok(!symbol_policy(UINT32_MAX));
}

static void test_signals(void)
{
	static const struct {
		int signal;
		const char *name;
	} cases[] = {
		{SIGKILL, "SIGKILL"}, {SIGSEGV, "SIGSEGV"}, {SIGABRT, "SIGABRT"},
		{SIGCHLD, "SIGCHLD"}, {SIGIO, "SIGPOLL"},   {64, "SIGRTMIN+30"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *name = symbol_signal(cases[i].signal);

		is_str(name, cases[i].name);
	}
	ok(!symbol_signal(0));
	ok(!symbol_signal(65));
	ok(!symbol_signal(-1));
}

int main(void)
{
	test_open_flags();
	test_every_bit();
	test_errors();
	test_policies();
	test_signals();
	return tap_done();
}
