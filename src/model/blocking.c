/* The cause of a block: finds what a sleeping thread waits for from its kernel stack. */
#include "model/blocking.h"

#include <string.h>

#include "base/util.h"

/* Functions that show that a thread sleeps, but not why. */
static const char *const sleep_functions[] = {
	"__schedule",        "schedule",        "preempt_schedule",    "io_schedule",
	"bit_wait",          "__wait_on_bit",   "out_of_line_wait",    "wait_for_completion",
	"__wait_for_common", "wait_for_common", "do_wait_for_common",  "prepare_to_wait",
	"__cond_resched",    "_cond_resched",   "__switch_to",         "context_switch",
	"autoremove_wake",   "default_wake",    "woken_wake_function", "wait_woken",
	"usleep_range",      "do_nanosleep",    "hrtimer_nanosleep",   "io_schedule_timeout",
};

static const struct {
	const char *prefix;
	enum cause cause;
} functions[] = {
#define SLEEPS_IN(function, what) {function, CAUSE_##what},
#include "catalog/causes.def"
#undef SLEEPS_IN
};

static bool is_sleep_function(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(sleep_functions); i++)
		if (startswith(name, sleep_functions[i]))
			return true;
	return false;
}

static enum cause look_up(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (startswith(name, functions[i].prefix))
			return functions[i].cause;
	return CAUSE_UNKNOWN;
}

enum cause blocking_cause(const char (*names)[SYMBOL_BYTES], size_t count, size_t *ret_function)
{
	enum cause first = CAUSE_UNKNOWN;
	bool remote = false, swap = false, any = false;

	*ret_function = count;
	for (size_t i = 0; i < count && names[i][0]; i++) {
		enum cause cause;

		if (is_sleep_function(names[i]))
			continue;
		cause = look_up(names[i]);
		if (*ret_function == count)
			*ret_function = i;
		any = true;
		if (first == CAUSE_UNKNOWN)
			first = cause;
		remote |= cause == CAUSE_REMOTE;
		swap |= cause == CAUSE_SWAP;
		/* What is further out is the call in which the fault happened, which may work on another file. */
		if (startswith(names[i], "handle_mm_fault"))
			break;
	}
	/* A remote or user-space file system causes every sleep below its functions, above all those on page locks. */
	if (remote && first != CAUSE_LOCK)
		return CAUSE_REMOTE;
	/* The wait is for the device of the swap. */
	if (swap && (first == CAUSE_DEVICE || first == CAUSE_UNKNOWN))
		return CAUSE_SWAP;
	/* No function of the stack is known, but the stack is that of a file operation. */
	return first == CAUSE_UNKNOWN && any ? CAUSE_FILESYSTEM : first;
}

bool blocking_is_for_file(const char (*names)[SYMBOL_BYTES], size_t count)
{
	for (size_t i = 0; i < count && names[i][0]; i++) {
		enum cause cause = look_up(names[i]);

		if (cause != CAUSE_UNKNOWN && cause != CAUSE_LOCK)
			return true;
	}
	return false;
}

static bool has_part(const char (*names)[SYMBOL_BYTES], size_t count, const char *part)
{
	for (size_t i = 0; i < count && names[i][0]; i++)
		if (strstr(names[i], part))
			return true;
	return false;
}

bool blocking_is_for_signal(const char (*names)[SYMBOL_BYTES], size_t count)
{
	return has_part(names, count, "get_signal");
}

bool blocking_is_page_fault(const char (*names)[SYMBOL_BYTES], size_t count)
{
	/* A stack with deep reclaim in it may not reach the outer functions. */
	static const char *const parts[] = {
		"_fault",         "faultin_",     "page_mkwrite",
		"get_user_pages", "do_swap_page", "_anonymous_page",
	};

	/* A thread of the program brings in the page (userfaultfd(2)). */
	if (has_part(names, count, "handle_userfault") || blocking_is_for_signal(names, count))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (has_part(names, count, parts[i]))
			return true;
	return false;
}

bool blocking_is_file_page(const char (*names)[SYMBOL_BYTES], size_t count)
{
	return has_part(names, count, "filemap_fault");
}

bool blocking_is_swapped_page(const char (*names)[SYMBOL_BYTES], size_t count)
{
	return has_part(names, count, "do_swap_page");
}

static bool is_one_of(uint32_t magic, const uint32_t *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == magic)
			return true;
	return false;
}

bool is_remote_file_system(uint32_t magic)
{
	static const uint32_t remote[] = {
		0x65735546, /* FUSE, virtiofs */
		0x6969, /* NFS */
		0xff534d42, /* CIFS */
		0xfe534d42, /* SMB2 */
		0x517b, /* SMB */
		0x01021997, /* 9P */
		0x00c36400, /* Ceph */
		0x5346414f, /* AFS */
	};

	return is_one_of(magic, remote, ARRAY_SIZE(remote));
}

bool is_kernel_file_system(uint32_t magic)
{
	static const uint32_t kernel[] = {
		0x9fa0, /* proc */
		0x62656572, /* sysfs */
		0x63677270, /* cgroup2 */
		0x27e0eb, /* cgroup */
		0x64626720, /* debugfs */
		0x74726163, /* tracefs */
		0x73636673, /* securityfs */
		0xcafe4a11, /* bpf */
		0x01021994, /* tmpfs, devtmpfs */
		0x1cd1, /* devpts */
	};

	return is_one_of(magic, kernel, ARRAY_SIZE(kernel));
}
