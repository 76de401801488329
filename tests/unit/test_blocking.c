/* Tests of model/blocking: the cause of a block from its kernel stack */
#include "model/blocking.h"

#include "base/util.h"
#include "tap.h"

#define NO_FUNCTION 8

static const struct {
	enum cause cause;
	size_t function;
	char names[NO_FUNCTION][SYMBOL_BYTES];
} cases[] = {
	/* Sleep functions alone have no cause, nor has an empty stack. */
	{CAUSE_UNKNOWN, NO_FUNCTION, {""}},
	{CAUSE_UNKNOWN, NO_FUNCTION, {"__schedule", "schedule", "schedule_timeout", "io_schedule"}},
	/* A write to cgroup.threads, 6.18. */
	{CAUSE_LOCK,
	 3,
	 {"schedule", "schedule_timeout", "__wait_for_common", "__wait_rcu_gp", "synchronize_rcu",
	  "cgroup_procs_write"}},
	/* Stacks of real kernels. */
	{CAUSE_DEVICE,
	 3,
	 {"__schedule", "schedule", "io_schedule", "folio_wait_bit_common", "filemap_update_page",
	  "ext4_file_read_iter"}},
	{CAUSE_DEVICE,
	 1,
	 {"schedule_timeout", "submit_bio_wait", "blkdev_issue_flush", "ext4_sync_file"}},
	{CAUSE_JOURNAL, 1, {"schedule", "jbd2_log_wait_commit", "ext4_sync_file"}},
	{CAUSE_JOURNAL, 1, {"schedule", "btrfs_sync_log", "btrfs_sync_file"}},
	{CAUSE_FILESYSTEM, 1, {"schedule", "btrfs_start_ordered_extent", "btrfs_sync_file"}},
	{CAUSE_JOURNAL, 1, {"schedule", "xlog_wait_on_iclog", "xfs_log_force_seq"}},
	{CAUSE_LOCK, 1, {"schedule", "rwsem_down_write_slowpath", "down_write", "vfs_unlink"}},
	{CAUSE_LOCK, 1, {"schedule", "__mutex_lock.constprop.0", "ext4_x"}},
	{CAUSE_LOCK, 1, {"schedule", "flock_lock_inode_wait", "nfs_flock"}},
	{CAUSE_WRITEBACK, 1, {"io_schedule_timeout", "balance_dirty_pages_ratelimited_flags"}},
	/* They sleep in the same function. */
	{CAUSE_WRITEBACK, 1, {"io_schedule", "rq_qos_wait", "wbt_wait", "__rq_qos_throttle"}},
	{CAUSE_DEVICE_LIMITED,
	 1,
	 {"io_schedule", "rq_qos_wait", "blkcg_iolatency_throttle", "__rq_qos_throttle"}},
	{CAUSE_DEVICE_LIMITED, 1, {"io_schedule", "ioc_rqos_throttle", "__rq_qos_throttle"}},
	{CAUSE_RECLAIM, 1, {"schedule_timeout", "reclaim_throttle", "shrink_node"}},
	{CAUSE_SWAP,
	 1,
	 {"io_schedule", "folio_wait_bit_common", "__folio_lock_or_retry", "do_swap_page"}},
	{CAUSE_SWAP, 0, {"swap_read_folio", "shmem_swapin_folio"}},
	{CAUSE_LOCK, 0, {"down_read", "shmem_swapin_folio"}},
	{CAUSE_REMOTE, 1, {"schedule", "request_wait_answer", "fuse_simple_request"}},
	{CAUSE_REMOTE, 1, {"schedule", "rpc_wait_bit_killable", "nfs4_proc_getattr"}},
	/* A page lock of a user-space file system waits for its server. */
	{CAUSE_REMOTE, 1, {"io_schedule", "folio_wait_bit_common", "fuse_readahead"}},
	/* A write to a user-space file system, from memory that is a file of a disk. */
	{CAUSE_DEVICE,
	 1,
	 {"io_schedule", "folio_wait_bit_common", "filemap_fault", "handle_mm_fault",
	  "asm_exc_page_fault", "fuse_perform_write"}},
	/* An unknown function, in a file operation. */
	{CAUSE_FILESYSTEM, 1, {"schedule", "strange_wait", "vfs_read"}},
	/* A known function above an unknown one counts. */
	{CAUSE_LOCK, 0, {"strange_wait", "down_read", "vfs_read"}},
	/* Functions behind a gap do not count. */
	{CAUSE_UNKNOWN, NO_FUNCTION, {"schedule", "", "down_read"}},
};

static void test_for_file(void)
{
	static const char idle[][SYMBOL_BYTES] = {"schedule", "schedule_timeout", "io_wq_worker"},
			  pipe[][SYMBOL_BYTES] = {"schedule", "pipe_read", "io_read",
						  "io_issue_sqe"},
			  lock[][SYMBOL_BYTES] = {"schedule", "mutex_lock", "io_issue_sqe"},
			  file[][SYMBOL_BYTES] = {"schedule", "folio_wait_bit_common", "io_read"};

	ok(!blocking_is_for_file(idle, ARRAY_SIZE(idle)));
	ok(!blocking_is_for_file(pipe, ARRAY_SIZE(pipe)));
	ok(!blocking_is_for_file(lock, ARRAY_SIZE(lock)));
	ok(blocking_is_for_file(file, ARRAY_SIZE(file)));
	ok(!blocking_is_for_file(file, 1));
}

static void test_page_fault(void)
{
	static const char page[][SYMBOL_BYTES] = {"schedule", "folio_wait_bit_common",
						  "filemap_fault", "__do_fault"},
			  journal[][SYMBOL_BYTES] = {"schedule", "do_get_write_access",
						     "ext4_page_mkwrite"},
			  locked[][SYMBOL_BYTES] = {"io_schedule", "__folio_lock_or_retry",
						    "do_swap_page", "__get_user_pages"},
			  user[][SYMBOL_BYTES] = {"schedule", "handle_userfault",
						  "handle_mm_fault"},
			  frozen[][SYMBOL_BYTES] = {"schedule", "get_signal", "exc_page_fault"},
			  read[][SYMBOL_BYTES] = {"default_wake_function", "schedule",
						  "folio_wait_bit_common", "filemap_read"};

	ok(blocking_is_page_fault(page, ARRAY_SIZE(page)));
	ok(!blocking_is_page_fault(page, 2));
	ok(blocking_is_page_fault(journal, ARRAY_SIZE(journal)));
	ok(blocking_is_page_fault(locked, ARRAY_SIZE(locked)));
	ok(!blocking_is_page_fault(user, ARRAY_SIZE(user)));
	ok(!blocking_is_page_fault(frozen, ARRAY_SIZE(frozen)));
	ok(blocking_is_for_signal(frozen, ARRAY_SIZE(frozen)));
	ok(!blocking_is_for_signal(page, ARRAY_SIZE(page)));
	ok(!blocking_is_page_fault(read, ARRAY_SIZE(read)));
	ok(blocking_is_file_page(page, ARRAY_SIZE(page)));
	ok(!blocking_is_file_page(locked, ARRAY_SIZE(locked)));
	ok(blocking_is_swapped_page(locked, ARRAY_SIZE(locked)));
	ok(!blocking_is_swapped_page(page, ARRAY_SIZE(page)));
}

int main(void)
{
	test_for_file();
	test_page_fault();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t function;
		enum cause cause = blocking_cause(cases[i].names, NO_FUNCTION, &function);

		okf(cause == cases[i].cause, "case %zu (%s): %s", i, cases[i].names[1],
		    cause_catalog[cause].name);
		is_u64(function, cases[i].function);
	}
	okf(is_remote_file_system(0x6969) && !is_remote_file_system(0xef53),
	    "NFS is remote, ext4 is not");
	okf(is_kernel_file_system(0x63677270) && !is_kernel_file_system(0xef53),
	    "cgroup2 has no disk, ext4 has");
	return tap_done();
}
