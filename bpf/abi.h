/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The records that the BPF programs hand to the recorder, and the tables that it hands to them. */
#ifndef LATWRAP_ABI_H
#define LATWRAP_ABI_H

/*
 * Shared by clang's BPF target and the host compiler on the same machine: natural alignment, no
 * pointers, no unwritten padding (the scratch buffers start zeroed). All times are
 * CLOCK_MONOTONIC nanoseconds (bpf_ktime_get_ns()), all durations nanoseconds.
 */

#ifndef __bpf__
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
#endif

#define RECORDS_BYTES \
	(4 << 20) /* size of the ring buffer; the limit of locked memory can be small */
#define COMM_BYTES           16
#define ARGV_MAX_BYTES       4096
#define PATH_MAX_BYTES       4096
#define WAIT_BUCKETS         48 /* log2 of ns; the last one is open: 2^47 ns is 39 hours */
#define CALL_TABLE_SIZE      512 /* system call numbers above are not file I/O on any architecture */
#define SLICES_MAX           1024 /* switches remembered per CPU; a power of two */
#define GROUPS_MAX           8 /* the run and the watched cgroups */
#define STEP_SWITCH          0 /* the programs that one switch may need (sched.bpf.c) */
#define STEP_UNSEEN          1
#define STEPS                2
#define ENVIRONMENT_PREFIXES 8 /* prefixes of the names of wanted variables */
#define ENVIRONMENT_BYTES    1024 /* variables beyond this are left out */
#define RESULTS_BYTES        512 /* of the end of what a program prints at once; a power of two */
#define QUEUES_MAX           4 /* run queues of one wait */
#define INCLUDES_MAX         8 /* patterns of --include */
#define PATTERN_BYTES        256 /* with its NUL; a power of two */
#define INCLUDE_PATH_BYTES   1024 /* TRACE_CGROUP_PATH_LEN, kernel/cgroup/cgroup-internal.h */
#define INCLUDED_MAX         8192 /* included cgroups at the same time, with those below them */
#define DEVICES_MAX          8 /* block devices with a flight recorder */
#define USES_MAX             512 /* uses remembered per device; a power of two */
#define USES_COPIED          256 /* of each device, the newest, for one stall */
#define USES_COPIED_ALL      512 /* of all devices, for one stall */
#define GROUP_SERVICE        0xffff /* instead of a group: a service, outside all groups */

enum record_type {
	RECORD_THREAD_START = 1, /* struct record_start: fork, or arrival from outside */
	RECORD_EXEC, /* struct record_exec */
	RECORD_THREAD_END, /* struct record_thread: the thread's end, with all its totals */
	RECORD_THREAD_LIVE, /* the same from a snapshot of a living thread */
	RECORD_CPU_STALL, /* struct record_cpu_stall */
	RECORD_IO_STALL, /* struct record_io_stall */
	RECORD_FILE, /* struct record_file: the first use of a file; maps its ID to its path */
	RECORD_HICCUP, /* struct record_hiccup */
	RECORD_DELAYED, /* struct record_delayed */
	RECORD_LOG_CALL, /* struct record_io_stall: any call, for the log */
	RECORD_LOG_WAIT, /* struct record_log_wait */
	RECORD_MOVED, /* struct record_header: a process came into a watched cgroup, or left one */
	RECORD_ENVIRONMENT, /* struct record_environment: after the RECORD_EXEC of the same program, or before */
	RECORD_OFF_CPU, /* struct record_off_cpu */
	RECORD_THREAD_LEFT, /* struct record_thread: the thread left its group; its totals until then */
	RECORD_INCLUDED, /* struct record_included: a cgroup was made that a pattern of --include matches */
	RECORD_RESULTS, /* struct record_results */
	RECORD_DEVICE_USES, /* struct record_device_uses: before the RECORD_IO_STALL of the same thread and time */
};

struct record_header {
	u16 type;
	u16 group; /* 0: the run; others: the watched cgroups */
	u32 bytes; /* size of the whole record with its variable part */
	u64 time_ns;
};

/* pid is the thread group as the caller's PID namespace sees it (0: not visible there). */
struct task_id {
	u32 pid, tid;
	u32 host_pid, host_tid;
};

struct file_id {
	u64 inode;
	u32 device; /* kernel encoding: major << 20 | minor */
	u32 generation; /* differs when an inode number is reused */
};

struct wait_totals {
	u64 count, total_ns, delivery_ns, max_ns;
	u32 histogram[WAIT_BUCKETS];
};

struct io_totals {
	u64 count, total_ns, max_ns, bytes_read, bytes_written, errors;
};

/* Sent for each thread that gets a state; its RECORD_THREAD_END follows. */
struct record_start {
	struct record_header header;
	struct task_id id;
	u32 ppid;
	u32 creator_host_pid; /* the new thread runs the creator's program */
	u32 creator_host_tid;
	u32 reserved;
	char comm[COMM_BYTES];
};

/*
 * Variable parts named "walk" hold a path as the dentry walk finds it, leaf first: each component with its NUL. The
 * reader reverses it.
 */
struct record_exec {
	struct record_header header;
	struct task_id id;
	u32 ppid;
	u32 argv_bytes; /* NUL-separated, at the start of data[] */
	u32 exe_walk_bytes;
	u8 argv_truncated, exe_truncated;
	u16 reserved;
	char comm[COMM_BYTES];
	char data[];
};

/* The wanted variables in the environment of a new program. */
struct record_environment {
	struct record_header header;
	struct task_id id;
	u32 data_bytes;
	u32 reserved;
	char data[]; /* "NAME=value", each with its NUL; a value that is too long is truncated */
};

/* What a program prints that may have results of tests. */
struct record_results {
	struct record_header header;
	struct task_id id;
	u64 input,
		output; /* inodes of the pipes that the program reads and prints to; 0: not a pipe */
	u32 data_bytes;
	s16 fd;
	u8 is_cut; /* only the end of what was written; 2: and between it and the begin, if that came, bytes are missing */
	u8 is_begin; /* only the begin; the end follows in another record, but not that of a packet */
	char data[];
};

struct record_thread {
	struct record_header header;
	struct task_id id;
	u32 ppid;
	s32 exit_code; /* as wait(2) shows it: signal in the low 7 bits, status << 8 */
	u8 is_leader, is_group_exit;
	u8 wait_reason;
	u8 reserved;
	u32 uid; /* real user ID in the initial user namespace */
	char comm[COMM_BYTES];
	u64 start_ns;
	u64 run_delay_ns; /* the kernel's own sum: task->sched_info.run_delay */
	u64 runtime_ns, user_ns, system_ns;
	u64 reclaim_ns, compaction_ns; /* direct: in the thread's own time */
	struct wait_totals waits;
	struct io_totals io;
	/* The wait or call that is open in a snapshot, or was open when the thread left; 0: none. */
	u64 wait_start_ns, wait_woken_ns;
	u64 call_start_ns, call_blocked_ns, call_runqueue_ns;
	u32 call_number, cpu;
	u32 blocker_host_pid; /* who has the lock that the open call waits for; 0: unknown, or it waits for none */
	u32 padding;
	u64 off_from_ns; /* when the thread left its CPU; 0: it is on a CPU */
};

enum wait_reason { WAIT_WAKEUP = 0, WAIT_FORK, WAIT_PREEMPTED, WAIT_YIELD };

/* Who got a CPU. Each CPU also has the sums of the first four classes. */
enum slice_class {
	CLASS_OUTSIDE = 0, /* a bystander's thread */
	CLASS_INSIDE, /* a member's thread */
	CLASS_KERNEL, /* a kernel thread */
	CLASS_IDLE, /* the CPU's idle task */
	CLASS_CLOCKS,
	CLASS_UNSURE =
		CLASS_CLOCKS, /* the switch at its end was not traced: other threads may have run in it */
	CLASSES
};

/* Who held a CPU from from_ns until the next slice's from_ns, and that CPU's clocks at from_ns. */
struct slice {
	u64 from_ns;
	u64 steal_ns; /* rq->prev_steal_time_rq; 0 where the kernel has none */
	u64 irq_ns; /* spent in interrupts since the tracing began */
	u64 cgroup_id;
	u32 host_pid, host_tid;
	u8 prio; /* kernel scale: 0-99 real-time (0 highest), 100-139 nice -20..19; 255: deadline (-1) */
	u8 policy;
	u8 class; /* enum slice_class */
	u8 reserved[5];
	char comm[COMM_BYTES];
};

/* The part of a wait on one CPU's run queue, until the next queue or the end of the wait. */
struct queue_time {
	u64 from_ns;
	/* The CPU's clocks, as in struct slice; steal_from_ns 0: not known at that moment. */
	u64 steal_from_ns, steal_until_ns;
	u64 irq_from_ns, irq_until_ns;
	/* How long threads of each class have run on that CPU; complete even if slices are overwritten. */
	u64 class_from_ns[CLASS_CLOCKS], class_until_ns[CLASS_CLOCKS];
	u32 cpu;
	u32 slices; /* how many of slices[] belong to this queue (record only) */
};

struct record_cpu_stall {
	struct record_header header; /* time_ns: when the thread got the CPU */
	struct task_id id;
	char comm[COMM_BYTES];
	u64 start_ns; /* sched_waking, switch-out or fork; when due, if a late timer woke it */
	u64 woken_ns; /* on the run queue; start_ns..woken_ns is delivery */
	u32 cpu; /* where it ran at last */
	u8 reason, policy, prio, waker_interrupt;
	u32 waker_pid, waker_host_pid; /* 0 when reason is not a wakeup */
	char waker_comm[COMM_BYTES];
	u64 late_ns; /* the part of the wait's start that a late timer explains */
	u64 throttled_ns; /* its run queue was out of CPU quota */
	u64 budget_ns; /* it was out of its own runtime, or of that of all real-time threads */
	u32 queue_count;
	u32 slice_count;
	struct queue_time queues[QUEUES_MAX];
	struct slice slices[]; /* newest first: those of the last queue, then of the one before it */
};

/* A CPU that took no interrupt. */
struct record_hiccup {
	struct record_header header; /* time_ns: when the CPU took interrupts again */
	struct task_id id; /* who was on the CPU */
	char comm[COMM_BYTES];
	u64 start_ns;
	u64 steal_ns; /* during the hiccup, at most its length */
	u32 cpu;
	u8 inside; /* that thread is ours */
	u8 has_steal; /* the kernel has a steal clock */
	u16 reserved;
};

/* A thread slept while another was stalled, and that one then woke it. */
struct record_delayed {
	struct record_header header; /* time_ns: of the wakeup */
	struct task_id id; /* who was late */
	char comm[COMM_BYTES];
	u64 asleep_ns; /* since when */
	u64 stall_end_ns; /* with stall_host_tid, names the stall at the start of the chain */
	u32 stall_host_tid;
	u32 waker_host_tid;
	u32 steps; /* wakeups from the stalled thread: 1 is direct */
	u32 reserved;
};

/* Why a thread waited for a CPU, mostly who had it. The first values are those of enum slice_class. */
enum wait_class {
	BEHIND_OUTSIDE = CLASS_OUTSIDE,
	BEHIND_INSIDE = CLASS_INSIDE,
	BEHIND_KERNEL = CLASS_KERNEL,
	BEHIND_IDLE = CLASS_IDLE,
	BEHIND_UNKNOWN = CLASS_UNSURE,
	BEHIND_IRQ,
	BEHIND_STEAL,
	BEHIND_THROTTLED,
	BEHIND_DELIVERY, /* woken, not yet on a run queue */
	WAIT_CLASSES
};

/* What ended a sleep. */
enum wake_how {
	WOKEN_BY_NOBODY = 0, /* the thread did not sleep: it was preempted, or is new */
	WOKEN_UNSEEN, /* the wakeup was not traced */
	WOKEN_BY_THREAD,
	WOKEN_BY_KERNEL, /* a kernel thread */
	WOKEN_BY_LOCAL_PACKET, /* delivered while its sender still ran: the waker is the sender */
	WOKEN_BY_PACKET, /* from a network device */
	WOKEN_BY_TIMER,
	WOKEN_BY_BLOCK, /* completed block I/O */
	WOKEN_BY_INTERRUPT, /* another interrupt */
	WAKE_HOWS
};

enum off_cpu_flags {
	OFF_IN_FILE = 1, /* in a call on a file, or in a page fault of one */
	OFF_IN_IOWAIT = 2, /* the kernel marks it as waiting for block I/O */
	OFF_IN_LOCK = 4, /* of the kernel */
	OFF_IN_RECLAIM = 8, /* it had to free memory first */
	OFF_SIGNALLED = 16, /* in a file operation: a signal may have ended the sleep */
	OFF_NEW = 32, /* the first wait of a new thread */
	OFF_WOKEN_INSIDE = 64, /* in a file operation: the waker belongs to the same group */
	OFF_STOPPED = 128, /* by a signal, a tracer, or the freezer of its cgroup */
};

/* Who had the CPU longest during the wait, among its last slices. */
struct off_cpu_culprit {
	u64 ns; /* 0: nobody */
	u32 host_pid, host_tid;
	u8 policy, prio, class; /* as in struct slice */
	u8 reserved[5];
	char comm[COMM_BYTES];
};

/*
 * One time off the CPU that is at least as long as the floor: asleep from from_ns to woken_ns, then waiting until
 * header.time_ns, when the thread ran again. Shorter times since the previous record are summed up. When the sums
 * reach the floor, they are sent alone: then from_ns, woken_ns and header.time_ns are equal.
 */
struct record_off_cpu {
	struct record_header header;
	struct task_id id;
	char comm[COMM_BYTES];
	u64 since_ns; /* header.time_ns of the previous record; in the first record, when tracing of the thread began */
	u64 from_ns, woken_ns;
	u64 wait_ns[WAIT_CLASSES]; /* sums to the time of the wait */
	u64 ran_ns; /* CPU time from since_ns to from_ns by the scheduler's clock, which excludes steal */
	u64 stolen_ns; /* steal in that time, if the kernel has a steal clock */
	u64 lock; /* what it slept for, if it was a lock: the address of the kernel's, or a number of the call's file; 0: none */
	u32 blocker_host_pid; /* who had the file's lock as the sleep began; 0: unknown, or no sleep for one */
	u32 reserved;
	u64 waker_cgroup_id; /* of a sleep in a file operation; 0: unknown */
	u32 short_wait_ns
		[WAIT_CLASSES]; /* from since_ns to from_ns, in times off the CPU below the floor */
	u32 short_sleep_ns;
	u32 short_count;
	u32 short_waker_host_tid; /* waker of the longest of those sleeps; 0: no thread */
	u32 waker_host_pid, waker_host_tid; /* of the sleep; 0: none */
	char waker_comm[COMM_BYTES];
	s16 call; /* number of the system call that it slept in; -1: none */
	u8 how, short_how; /* enum wake_how */
	u8 flags; /* enum off_cpu_flags */
	u8 short_flags;
	u16 cpu; /* where it ran again */
	struct off_cpu_culprit culprit;
};

struct record_included {
	struct record_header header;
	u32 pattern; /* its number */
	u32 path_bytes;
	char path[]; /* below the mount, without NUL */
};

#define SYMBOL_BYTES 48

/* How to read a path-taking system call's arguments; index of the argument, NO_ARG if none. */
#define NO_ARG 255
enum call_kind {
	CALL_NONE = 0, /* not traced from entry to exit */
	CALL_COMPAT, /* only in a 32-bit program the number is that of a call which is traced */
	CALL_FD, /* works on the open file in argument fd_arg */
	CALL_OPEN, /* returns a descriptor */
	CALL_PATH, /* names a file by path */
	CALL_EXEC,
	CALL_GLOBAL, /* sync(2): names no file */
	CALL_AIO, /* io_submit(2): works on the open file of the first control block */
	CALL_REAP, /* io_getevents(2): hands over results; no operation itself, so its filter is FILTER_ALL */
};
enum call_effect {
	EFFECT_OTHER = 0,
	EFFECT_READ,
	EFFECT_WRITE,
	EFFECT_SYNC,
	EFFECT_OPEN,
	EFFECT_CLOSE
};
enum call_filter {
	FILTER_NONE = 0,
	FILTER_FCNTL_LOCK, /* only the locking commands of fcntl(2) */
	FILTER_MMAP_FILE, /* only mmap(2) of a file */
	FILTER_IOCTL_CLONE, /* only FICLONE, FICLONERANGE, FIDEDUPERANGE */
	FILTER_ALL /* never: what it does is counted elsewhere */
};

struct call_rule {
	u8 kind, effect, filter;
	u8 fd_arg; /* CALL_FD: the file. CALL_PATH, CALL_OPEN: the directory that the path starts at */
	u8 path_arg; /* pointer to a NUL-terminated path */
	u8 fd2_arg, path2_arg; /* the second path of rename, link, symlink */
	u8 reserved;
};

/* How the arguments of a 32-bit program become those of the call that does the same in a 64-bit program. */
enum compat_layout {
	COMPAT_NONE = 0, /* no call of the table */
	COMPAT_CALL,
	COMPAT_FCNTL, /* has commands of its own for locks with 64-bit offsets */
	COMPAT_MMAP, /* one pointer to all arguments */
};

struct compat_rule {
	u16 number; /* of the call in a 64-bit program */
	u8 layout;
	u8 split; /* a bit for each argument that comes in two registers */
};

#define RING_TABLE_SIZE 64 /* operations of io_uring */

/* How the kernel keeps the arguments of a request of io_uring. */
enum ring_layout {
	RING_NONE = 0, /* not of a file */
	RING_FILE, /* only the file counts */
	RING_READ_WRITE,
	RING_SYNC,
	RING_ADVISE,
	RING_SPLICE,
	RING_CLOSE,
	RING_OPEN,
	RING_STATX,
	RING_UNLINK,
	RING_MKDIR,
	RING_RENAME,
	RING_LINK,
	RING_SYMLINK,
	RING_XATTR, /* of a path */
};

struct ring_rule {
	u16 number; /* of the system call that does the same; 0: none */
	u16 number_here; /* the same at the file's own position */
	u8 layout;
	u8 offset_arg; /* of that system call */
	u16 reserved;
};

#define AIO_TABLE_SIZE 16 /* operations of Linux AIO; a power of two */

enum io_flags {
	IO_UNFINISHED = 1, /* the thread died inside the call */
	IO_PAGE_FAULT = 2, /* not a call: number is 0, args[0] the address */
	IO_DELETED = 4, /* the file was unlinked */
	IO_PATH_TRUNCATED = 8,
	IO_HAS_FILE = 16, /* file and mode are valid */
	IO_LONGEST_IN_LOCK = 32, /* the longest block was for a lock that lock_ns counts */
	IO_ARGV_TRUNCATED = 64,
	IO_ONE_BLOCK = 128, /* one sleep in a call: the result is not known */
	IO_NO_WALK =
		256, /* the file was closed, so there is no walk; without this flag, an empty walk is the root directory */
	IO_REQUEST = 512, /* of io_uring or Linux AIO; number: the system call that does the same */
	IO_BY_WORKER = 1024, /* of io_uring */
	IO_BY_POLL = 2048, /* submitted by the thread that polls the ring */
	IO_BY_AIO = 4096, /* by Linux AIO */
	IO_IF_STACK = 8192, /* only a sleep shows it: the stack decides what it is */
};

struct path_part {
	u16 string_bytes; /* what the caller gave, without NUL */
	u16 walk_bytes; /* file, or the directory that a relative string starts at */
};

#define STACK_DEPTH 20

struct record_io_stall {
	struct record_header header; /* time_ns: when the call ended */
	struct task_id id;
	char comm[COMM_BYTES];
	u64 start_ns, duration_ns;
	u64 blocked_ns, runqueue_ns;
	u64 iowait_ns; /* of blocked_ns: marked as waiting for block I/O */
	u64 reclaim_ns; /* freeing memory, running or not */
	u64 lock_ns; /* of blocked_ns: for a mutex or semaphore of the kernel */
	u64 longest_block_ns;
	u64 stack[STACK_DEPTH]; /* kernel addresses, innermost first, of the longest block; 0 ends it */
	s64 result;
	u64 args[6];
	struct file_id file;
	u32 number; /* system call */
	u32 cpu;
	u32 file_system; /* s_magic, include/uapi/linux/magic.h; 0: unknown */
	u16 mode; /* of the inode: S_IFMT bits and permissions */
	u16 flags;
	struct path_part path[2];
	/* For the log only: */
	u32 open_mode; /* file->f_mode; 0: unknown */
	u32 argv_bytes; /* of a program just executed: NUL-separated, behind the paths */
	u64 queued_ns; /* of blocked_ns: until a worker of io_uring began the request, or without knowing for what */
	u32 worker_host_tid; /* which slept for the request; 0: none */
	u32 fault_file_system; /* s_magic: of a page fault in the call; 0: none, or unknown */
	char data[]; /* string, walk, string, walk, argv */
};

/*
 * A block device's time for requests of one submitter that it completed in a row. A device works for a request from its
 * submission or, if that is later, from the completion before.
 */
struct device_use {
	u64 from_ns, until_ns; /* of the first request, the last completion */
	u64 submitted_ns; /* the last request */
	u64 busy_ns; /* the work between them */
	u64 bytes;
	u64 cgroup_id;
	u64 blkcg; /* address: for whom a kworker submitted it; 0: another thread, or unknown */
	u64 work; /* address of the kernel function that the kworker ran */
	u32 device, partition; /* as in struct file_id; equal if it is the whole device */
	u32 host_pid, host_tid; /* the submitter */
	u8 class; /* enum slice_class; CLASS_KERNEL, CLASS_UNSURE: for nobody that is known */
	u8 writes;
	u8 by_loop; /* by a thread of the kernel that serves a loop device */
	u8 reserved[5];
	char comm[COMM_BYTES];
};

/* The uses of all devices that overlap a file operation. */
struct record_device_uses {
	struct record_header header; /* time_ns: when the operation ended */
	u64 start_ns;
	u64 blkcg; /* address: of the thread's cgroup, as in struct device_use; 0: unknown */
	u32 host_tid;
	u32 count;
	struct device_use uses[]; /* for each device from the newest */
};

/* A wait for a CPU that is over. */
struct record_log_wait {
	struct record_header header; /* time_ns: when the thread got the CPU */
	struct task_id id;
	char comm[COMM_BYTES];
	u64 start_ns, woken_ns; /* as in struct record_cpu_stall */
	u32 cpu;
	u8 reason, waker_interrupt;
	u16 reserved;
	u32 waker_pid, waker_host_pid;
	char waker_comm[COMM_BYTES];
};

/* file->f_mode, include/linux/fs.h */
#define OPEN_MODE_WRITE   0x2
#define OPEN_MODE_CREATED 0x100000

struct record_file {
	struct record_header header;
	struct file_id file;
	u16 mode;
	u8 flags; /* enum io_flags */
	u8 reserved;
	u32 walk_bytes;
	char data[];
};

struct file_totals {
	u64 opens, reads, writes, syncs, bytes_read, bytes_written, errors, total_ns, max_ns;
};

/* Totals of a CPU's current thread and its last file that are not yet saved. */
struct cpu_slot {
	u64 task; /* address; 0: not known */
	u64 moves; /* the value of `moves` when group was looked up */
	u64 save_seq; /* sequence count, odd while io moves into the thread's state */
	u64 call_start_ns; /* 0: in no call, or the thread's state has the call */
	u64 fault_address;
	u64 fault_key; /* of the system call in which the kernel itself took that fault; 0: none */
	u64 fault_start_ns; /* 0: not asked */
	u64 fault_mapping; /* address of the file's address_space; 0: unknown, or no file */
	struct file_id call_file;
	u32 group; /* NO_GROUP: none of ours */
	u32 call_number;
	u32 call_open_mode; /* in a log */
	u16 call_mode;
	u16 entered; /* 1 + number of the call that the thread is in; or: */
#define ENTERED_NONE    0
#define ENTERED_LEFT    0x8000 /* the call is over; the first of the two programs has seen its end */
#define ENTERED_UNKNOWN 0x7fff /* not seen yet */
	u32 fault_file_system; /* of a page fault in the call; 0: none */
	u8 call_has_file;
	u8 call_in_state; /* the thread's state has its open call */
	u8 in_fault; /* a page fault has begun, and may not have ended */
	u8 fault_in_state; /* the thread's state has an open fault */
	u8 pending; /* totals are not empty */
	u8 reserved[7];
	struct io_totals io;
	struct file_id file; /* file of the last call; the table has it */
	struct file_totals totals;
};

/* Per CPU and system call number. */
struct call_totals {
	u64 count, total_ns, max_ns, errors, bytes;
	u64 histogram[WAIT_BUCKETS];
};

enum loss_kind {
	LOSS_RINGBUF_STALL = 0, /* a stall found no room in the ring buffer */
	LOSS_RINGBUF_PROCESS, /* a process start, exec or thread end */
	LOSS_RINGBUF_FILE, /* a file's name */
	LOSS_THREAD_STORAGE, /* no memory for a thread's state: its waits and calls are not seen */
	LOSS_THREAD_UNKNOWN, /* a switch of a member without state */
	LOSS_FILE_TABLE, /* calls on files beyond the file table's size */
	LOSS_LOG, /* events of the log */
	LOSS_COMPAT_CALL, /* system calls of a program of another architecture: other numbers, not decoded */
	LOSS_THREAD_UNENDED, /* a thread's last totals did not arrive in time (counted by the recorder) */
	LOSS_SWITCH_UNSEEN, /* the switch to a member was not traced; its wait is still reported */
	LOSS_CALLS_UNSAVED, /* calls of a thread whose switch-out was not traced: only in the run's totals */
	LOSS_RINGBUF_OFF_CPU, /* a time off the CPU, which accounts lack */
	LOSS_SERVICES, /* services beyond the number that can be traced */
	LOSS_REQUESTS, /* requests of io_uring or Linux AIO beyond the number that can be followed */
	LOSS_REQUEST_END, /* requests of io_uring whose completion the kernel did not show */
	LOSS_AIO_END, /* requests of Linux AIO whose result no system call handed over */
	LOSS_INCLUDED, /* cgroups of --include that found no room, or whose path was not recorded */
	LOSS_RINGBUF_RESULTS, /* results of tests that a program printed */
	LOSS_DEVICE_USES, /* requests of block devices, or the uses of a stall, that found no room */
	LOSS_KINDS
};

struct loss_counter {
	u64 count, first_ns, last_ns;
};

#endif
