/* What a sleeping thread waits for, told from the kernel functions that it sleeps in. */
#include "model/blocking.h"

#include "base/util.h"

/* How every sleep begins: says that a thread sleeps, not why. */
static const char *const sleepers[] = {
	"__schedule",        "schedule",        "preempt_schedule",    "io_schedule",
	"bit_wait",          "__wait_on_bit",   "out_of_line_wait",    "wait_for_completion",
	"__wait_for_common", "wait_for_common", "do_wait_for_common",  "prepare_to_wait",
	"__cond_resched",    "_cond_resched",   "__switch_to",         "context_switch",
	"autoremove_wake",   "default_wake",    "woken_wake_function", "wait_woken",
	"usleep_range",      "do_nanosleep",    "hrtimer_nanosleep",   "io_schedule_timeout",
};

/*
 * By the beginning of a function's name, 5.17 to 7.x. The first of the stack's functions, from the
 * innermost on, that is in the table decides, but a remote or user-space file system explains all that is
 * slept on its behalf, its page locks above all.
 */
static const struct {
	const char *prefix;
	enum cause cause;
} functions[] = {
	{"fuse_", CAUSE_REMOTE},
	{"__fuse_", CAUSE_REMOTE},
	{"request_wait_answer", CAUSE_REMOTE},
	{"nfs_", CAUSE_REMOTE},
	{"nfs3_", CAUSE_REMOTE},
	{"nfs4_", CAUSE_REMOTE},
	{"rpc_", CAUSE_REMOTE},
	{"__rpc_", CAUSE_REMOTE},
	{"cifs_", CAUSE_REMOTE},
	{"smb2_", CAUSE_REMOTE},
	{"SMB2_", CAUSE_REMOTE},
	{"p9_", CAUSE_REMOTE},
	{"v9fs_", CAUSE_REMOTE},
	{"ceph_", CAUSE_REMOTE},
	{"afs_", CAUSE_REMOTE},
	{"virtio_fs_", CAUSE_REMOTE},
	{"balance_dirty_pages", CAUSE_WRITEBACK},
	{"wbt_wait", CAUSE_WRITEBACK},
	{"rq_qos_wait", CAUSE_WRITEBACK},
	{"do_try_to_free", CAUSE_RECLAIM},
	{"try_to_free", CAUSE_RECLAIM},
	{"shrink_", CAUSE_RECLAIM},
	{"reclaim_throttle", CAUSE_RECLAIM},
	{"throttle_direct_reclaim", CAUSE_RECLAIM},
	{"mem_cgroup_handle_over_high", CAUSE_RECLAIM},
	{"__mem_cgroup_handle_over_high", CAUSE_RECLAIM},
	{"do_swap_page", CAUSE_SWAP},
	{"shmem_swapin", CAUSE_SWAP},
	{"swapin_", CAUSE_SWAP},
	{"swap_read", CAUSE_SWAP},
	{"swap_cluster_readahead", CAUSE_SWAP},
	{"rwsem_", CAUSE_LOCK},
	{"__rwsem_", CAUSE_LOCK},
	{"down_", CAUSE_LOCK},
	{"__down", CAUSE_LOCK},
	{"mutex_lock", CAUSE_LOCK},
	{"__mutex_lock", CAUSE_LOCK},
	{"rt_mutex_", CAUSE_LOCK},
	{"locks_lock_", CAUSE_LOCK},
	{"flock_lock_", CAUSE_LOCK},
	{"posix_lock_", CAUSE_LOCK},
	{"fcntl_setlk", CAUSE_LOCK},
	{"do_lock_file_wait", CAUSE_LOCK},
	{"lock_rename", CAUSE_LOCK},
	{"percpu_rwsem_wait", CAUSE_LOCK},
	{"percpu_down_", CAUSE_LOCK},
	{"__wait_rcu_gp", CAUSE_LOCK},
	{"synchronize_rcu", CAUSE_LOCK},
	{"synchronize_srcu", CAUSE_LOCK},
	{"__synchronize_srcu", CAUSE_LOCK},
	{"submit_bio_wait", CAUSE_DEVICE},
	{"blk_", CAUSE_DEVICE},
	{"__blkdev", CAUSE_DEVICE},
	{"blkdev_", CAUSE_DEVICE},
	{"folio_wait", CAUSE_DEVICE},
	{"folio_lock", CAUSE_DEVICE},
	{"__folio_lock", CAUSE_DEVICE},
	{"wait_on_page", CAUSE_DEVICE},
	{"wait_on_buffer", CAUSE_DEVICE},
	{"__wait_on_buffer", CAUSE_DEVICE},
	{"__filemap_fdatawait", CAUSE_DEVICE},
	{"filemap_fdatawait", CAUSE_DEVICE},
	{"__iomap_dio", CAUSE_DEVICE},
	{"iomap_dio", CAUSE_DEVICE},
	{"wb_wait_for_completion", CAUSE_DEVICE},
	{"bdev_", CAUSE_DEVICE},
	{"blk_io_schedule", CAUSE_DEVICE},
	{"jbd2_", CAUSE_FILESYSTEM},
	{"__jbd2_", CAUSE_FILESYSTEM},
	{"ext4_", CAUSE_FILESYSTEM},
	{"xfs_", CAUSE_FILESYSTEM},
	{"xlog_", CAUSE_FILESYSTEM},
	{"btrfs_", CAUSE_FILESYSTEM},
	{"f2fs_", CAUSE_FILESYSTEM},
	{"ovl_", CAUSE_FILESYSTEM},
};

static bool sleeps(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(sleepers); i++)
		if (startswith(name, sleepers[i]))
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

		if (sleeps(names[i]))
			continue;
		cause = look_up(names[i]);
		if (*ret_function == count)
			*ret_function = i;
		any = true;
		if (first == CAUSE_UNKNOWN)
			first = cause;
		remote |= cause == CAUSE_REMOTE;
		swap |= cause == CAUSE_SWAP;
	}
	if (remote && first != CAUSE_LOCK)
		return CAUSE_REMOTE;
	/* The device that it waits for is the swap's. */
	if (swap && (first == CAUSE_DEVICE || first == CAUSE_UNKNOWN))
		return CAUSE_SWAP;
	/* A stack of a file operation in which nothing else is recognised. */
	return first == CAUSE_UNKNOWN && any ? CAUSE_FILESYSTEM : first;
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
