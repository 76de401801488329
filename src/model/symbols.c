/* Names for numbers of the kernel's interface: open flags, errors, policies and signals, as in manual pages. */
#include "model/symbols.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>

#include "base/util.h"
#include "catalog/words.h"

/*
 * O_SYNC contains the bit of O_DSYNC, and O_TMPFILE that of O_DIRECTORY: the larger flag comes first. glibc defines
 * O_LARGEFILE as 0 on 64-bit systems, but the kernel sets 0100000.
 */
static const struct {
	uint64_t bits;
	const char *name;
} open_flags[] = {
	{O_CREAT, "O_CREAT"},         {O_EXCL, "O_EXCL"},         {O_NOCTTY, "O_NOCTTY"},
	{O_TRUNC, "O_TRUNC"},         {O_APPEND, "O_APPEND"},     {O_NONBLOCK, "O_NONBLOCK"},
	{O_SYNC, "O_SYNC"},           {O_DSYNC, "O_DSYNC"},       {O_TMPFILE, "O_TMPFILE"},
	{O_DIRECTORY, "O_DIRECTORY"}, {O_NOFOLLOW, "O_NOFOLLOW"}, {O_CLOEXEC, "O_CLOEXEC"},
	{O_DIRECT, "O_DIRECT"},       {O_NOATIME, "O_NOATIME"},   {O_PATH, "O_PATH"},
	{O_ASYNC, "O_ASYNC"},         {0100000, "O_LARGEFILE"},
};

char *symbol_open_flags(uint64_t flags)
{
	static const char *const access[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};
	char *text = xstrdup(access[flags & O_ACCMODE]);
	uint64_t left = flags & ~(uint64_t)O_ACCMODE;

	for (size_t i = 0; i < ARRAY_SIZE(open_flags); i++) {
		char *longer;

		if ((left & open_flags[i].bits) != open_flags[i].bits)
			continue;
		left &= ~open_flags[i].bits;
		longer = xasprintf("%s|%s", text, open_flags[i].name);
		free(text);
		text = longer;
	}
	if (left) {
		char *longer = xasprintf("%s|0%llo", text, (unsigned long long)left);

		free(text);
		text = longer;
	}
	return text;
}

const char *symbol_errno(int error)
{
	/* include/linux/errno.h */
	switch (error) {
	case 512:
		return "ERESTARTSYS";
	case 513:
		return "ERESTARTNOINTR";
	case 514:
		return "ERESTARTNOHAND";
	case 516:
		return "ERESTART_RESTARTBLOCK";
	default:
		return strerrorname_np(error);
	}
}

const char *symbol_policy(unsigned policy)
{
	return policy < POLICIES ? policy_names[policy] : NULL;
}

char *symbol_signal(int signal)
{
	const char *name = sigabbrev_np(signal);

	if (name)
		return xasprintf("SIG%s", name);
	if (signal >= SIGRTMIN && signal <= SIGRTMAX)
		return xasprintf("SIGRTMIN+%d", signal - SIGRTMIN);
	return NULL;
}
