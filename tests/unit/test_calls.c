/* Tests of model/calls: the table of system calls agrees with itself and with the limits of the BPF side */
#include "model/calls.h"

#include <linux/io_uring.h>
#include <sys/syscall.h>

#include "base/util.h"
#include "model/compat_calls.h"
#include "model/compat_numbers.h"
#include "model/ring_calls.h"
#include "tap.h"

static void check_argument(const struct call_info *info, const char *what, uint8_t argument)
{
	if (argument != NO_ARG && argument >= 6)
		okf(false, "%s: %s is argument %u", info->name, what, argument);
}

static void test_rows(void)
{
	for (unsigned i = 0; i < call_table_size; i++) {
		const struct call_info *info = &call_table[i];
		const struct call_rule *rule = &info->rule;

		okf(info->number < CALL_TABLE_SIZE && call_find(info->number) == info,
		    "%s has a number of its own", info->name);
		check_argument(info, "fd", rule->fd_arg);
		check_argument(info, "path", rule->path_arg);
		check_argument(info, "second fd", rule->fd2_arg);
		check_argument(info, "second path", rule->path2_arg);
		check_argument(info, "flags", info->flags_arg);
		check_argument(info, "mode", info->mode_arg);
		check_argument(info, "offset", info->offset_arg);
		if (rule->kind == CALL_FD)
			okf(rule->fd_arg != NO_ARG && rule->path_arg == NO_ARG,
			    "%s works on a descriptor", info->name);
		if (rule->kind == CALL_PATH || rule->kind == CALL_EXEC)
			okf(rule->path_arg != NO_ARG, "%s has a path", info->name);
		if (rule->kind == CALL_GLOBAL)
			okf(rule->fd_arg == NO_ARG && rule->path_arg == NO_ARG, "%s names no file",
			    info->name);
		okf(rule->kind != CALL_NONE || info->number == __NR_io_uring_enter,
		    "%s is traced, or only while it sleeps for a file", info->name);
		/* A second path starts from its own directory, after the first path. */
		if (rule->path2_arg != NO_ARG)
			okf(rule->path2_arg > rule->path_arg, "%s: from, to", info->name);
	}
}

/* Each operation of io_uring is counted as a call of the table, whose arguments it has. */
static void test_ring(void)
{
	for (unsigned code = 0; code < RING_TABLE_SIZE; code++) {
		const struct ring_rule *rule = &ring_table[code];
		const struct call_info *info = call_find(rule->number),
				       *here = call_find(rule->number_here);

		if (rule->layout == RING_NONE)
			continue;
		okf(info && here, "operation %u has a call", code);
		okf(here->rule.effect == info->rule.effect, "%s and %s do the same", info->name,
		    here->name);
		okf((info->rule.kind == CALL_FD) == (rule->layout < RING_OPEN),
		    "%s works on a descriptor or on a path", info->name);
		okf(rule->offset_arg == info->offset_arg, "%s has its offset there", info->name);
	}
	is_int(ring_table[IORING_OP_NOP].layout, RING_NONE);
	is_int(ring_table[IORING_OP_FSYNC].number, __NR_fsync);
}

/* Whatever counts in a 64-bit program also counts in a 32-bit one, if the table has any of its calls. */
static void test_compat(void)
{
	bool has_number[CALL_TABLE_SIZE] = {}, is_reached[CALL_TABLE_SIZE] = {};

	for (unsigned i = 0; i < compat_table_size; i++) {
		unsigned number = compat_number(i);

		okf(number < CALL_TABLE_SIZE && !has_number[number], "number %u has one row",
		    number);
		okf(compat_table[i].number < CALL_TABLE_SIZE && compat_table[i].layout,
		    "%u is a call", compat_table[i].number);
		has_number[number] = is_reached[compat_table[i].number] = true;
	}
	for (unsigned i = 0; i < call_table_size && compat_table_size; i++)
		okf(is_reached[call_table[i].number], "%s of 32-bit programs", call_table[i].name);
}

static void test_find(void)
{
	is_str(call_find(__NR_read)->name, "read");
	is_str(call_find(__NR_execve)->name, "execve");
	is_int(call_find(__NR_close)->rule.effect, EFFECT_CLOSE);
	ok(!call_find(__NR_getpid));
	ok(!call_find(__NR_ppoll));
	ok(!call_find(UINT32_MAX));
}

/* The calls that the documentation promises. */
static void test_promised(void)
{
	static const uint32_t numbers[] = {
		__NR_openat, __NR_read,      __NR_pread64,         __NR_write,      __NR_pwrite64,
		__NR_fsync,  __NR_fdatasync, __NR_ftruncate,       __NR_renameat2,  __NR_unlinkat,
		__NR_linkat, __NR_symlinkat, __NR_mkdirat,         __NR_getdents64, __NR_statx,
		__NR_mmap,   __NR_msync,     __NR_copy_file_range, __NR_flock,      __NR_fcntl,
		__NR_execve, __NR_execveat,
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		okf(call_find(numbers[i]), "call %u", numbers[i]);
}

int main(void)
{
	test_rows();
	test_ring();
	test_compat();
	test_find();
	test_promised();
	return tap_done();
}
