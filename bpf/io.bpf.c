/* File I/O: each traced system call from entry to exit, and page faults that had to wait. */
#include "file.h"
#include "log.h"
#include "thread.h"

#define AT_FDCWD  -100
#define TS_COMPAT 2 /* arch/x86/include/asm/thread_info.h: in a 32-bit system call */

/* fcntl(2) and ioctl(2) commands: include/uapi/linux/fcntl.h, fs.h */
#define F_SETLK       6
#define F_SETLKW      7
#define F_OFD_SETLK   37
#define F_OFD_SETLKW  38
#define FICLONE       0x40049409
#define FICLONERANGE  0x4020940d
#define FIDEDUPERANGE 0xc0189436

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct file_id);
	__type(value, struct file_totals);
} files SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CALL_TABLE_SIZE);
	__type(key, u32);
	__type(value, struct call_totals);
} calls SEC(".maps");

#define PART_BYTES (PATH_MAX_BYTES + WALK_BUFFER_BYTES)
struct io_scratch {
	struct record_io_stall record;
	char data[2 * PART_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct io_scratch);
} io_scratch SEC(".maps");

struct file_scratch {
	struct record_file record;
	char data[WALK_BUFFER_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct file_scratch);
} file_scratch SEC(".maps");

/* Eight, so that a masked index is always in bounds. */
struct arguments {
	u64 at[8];
};

#define argument(arguments, index) ((arguments)->at[(index)&7])

static __always_inline void read_arguments(struct pt_regs *regs, struct arguments *ret)
{
#if defined(__TARGET_ARCH_x86)
	ret->at[0] = regs->di;
	ret->at[1] = regs->si;
	ret->at[2] = regs->dx;
	ret->at[3] = regs->r10;
	ret->at[4] = regs->r8;
	ret->at[5] = regs->r9;
#elif defined(__TARGET_ARCH_arm64)
	ret->at[0] = regs->orig_x0; /* x0 holds the result at exit */
	ret->at[1] = regs->regs[1];
	ret->at[2] = regs->regs[2];
	ret->at[3] = regs->regs[3];
	ret->at[4] = regs->regs[4];
	ret->at[5] = regs->regs[5];
#endif
	ret->at[6] = ret->at[7] = 0;
}

static __noinline void send_file(struct file *file, struct file_id *id, u16 mode, u64 now_ns)
{
	struct file_scratch *scratch;
	u32 zero = 0;
	bool truncated = false;
	u64 walk_bytes;

	scratch = bpf_map_lookup_elem(&file_scratch, &zero);
	if (!scratch)
		return;
	walk_bytes = walk_file(scratch->data, file, &truncated);
	scratch->record.header.type = RECORD_FILE;
	scratch->record.header.group = 0;
	scratch->record.header.time_ns = now_ns;
	scratch->record.file = *id;
	scratch->record.mode = mode;
	scratch->record.walk_bytes = walk_bytes;
	scratch->record.flags = truncated ? IO_PATH_TRUNCATED : 0;
	if (is_unlinked(file))
		scratch->record.flags |= IO_DELETED;
	send_record(&scratch->record, sizeof(scratch->record) + walk_bytes, LOSS_RINGBUF_FILE);
}

static __always_inline struct file_totals *file_account(struct file *file, struct file_id *id,
							u16 mode, u64 now_ns)
{
	struct file_totals *totals = bpf_map_lookup_elem(&files, id);
	struct file_totals empty = {};

	/* After close(2) there is nothing left to name; the next open of it will. */
	if (totals || !file)
		return totals;
	if (bpf_map_update_elem(&files, id, &empty, BPF_NOEXIST) == 0)
		send_file(file, id, mode, now_ns);
	totals = bpf_map_lookup_elem(&files, id);
	if (!totals)
		count_loss(LOSS_FILE_TABLE, now_ns);
	return totals;
}

static __always_inline void account_file(struct file_totals *totals, u8 effect, s64 result,
					 u64 duration_ns)
{
	__sync_fetch_and_add(&totals->total_ns, duration_ns);
	/* Not atomic: of two calls that end on two CPUs at one instant, the shorter may be kept. */
	if (duration_ns > totals->max_ns)
		totals->max_ns = duration_ns;
	if (result < 0)
		__sync_fetch_and_add(&totals->errors, 1);
	switch (effect) {
	case EFFECT_OPEN:
		__sync_fetch_and_add(&totals->opens, 1);
		break;
	case EFFECT_READ:
		__sync_fetch_and_add(&totals->reads, 1);
		if (result > 0)
			__sync_fetch_and_add(&totals->bytes_read, result);
		break;
	case EFFECT_WRITE:
		__sync_fetch_and_add(&totals->writes, 1);
		if (result > 0)
			__sync_fetch_and_add(&totals->bytes_written, result);
		break;
	case EFFECT_SYNC:
		__sync_fetch_and_add(&totals->syncs, 1);
		break;
	}
}

static __always_inline void account_call(struct thread_state *state, u32 number, u8 effect,
					 s64 result, u64 duration_ns)
{
	struct call_totals *totals = bpf_map_lookup_elem(&calls, &number);
	u64 bytes = 0;

	state->io.count++;
	state->io.total_ns += duration_ns;
	if (duration_ns > state->io.max_ns)
		state->io.max_ns = duration_ns;
	if (result < 0)
		state->io.errors++;
	if (result > 0 && (effect == EFFECT_READ || effect == EFFECT_WRITE)) {
		bytes = result;
		if (effect == EFFECT_READ)
			state->io.bytes_read += bytes;
		else
			state->io.bytes_written += bytes;
	}
	/* The tables by call and by file are the run's. */
	if (!totals || state->group)
		return;
	totals->count++;
	totals->total_ns += duration_ns;
	totals->bytes += bytes;
	totals->histogram[log2_bucket(duration_ns)]++;
	if (duration_ns > totals->max_ns)
		totals->max_ns = duration_ns;
	if (result < 0)
		totals->errors++;
}

struct part {
	u64 string; /* user address, 0: none */
	struct file *file;
	bool from_cwd;
};

/* A path: the file's own walk, or the caller's string and, when it is relative, where it starts. */
static __always_inline u64 write_part(struct io_scratch *scratch, u64 used, struct part *part,
				      struct path_part *ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool truncated = false;
	u64 walk_bytes = 0;
	long length = 0;

	ret->string_bytes = ret->walk_bytes = 0;
	if (used > PART_BYTES)
		return used;
	if (part->string) {
		length = bpf_probe_read_user_str(scratch->data + used, PATH_MAX_BYTES,
						 (void *)part->string);
		if (length < 1 || length > PATH_MAX_BYTES)
			return used;
		ret->string_bytes = length - 1;
		if (scratch->data[used] == '/')
			return used + length - 1;
		used += length - 1;
	}
	if (part->file)
		walk_bytes = walk_file(scratch->data + used, part->file, &truncated);
	else if (part->from_cwd)
		walk_bytes = copy_walk(scratch->data + used, BPF_CORE_READ(task, fs, pwd.dentry),
				       BPF_CORE_READ(task, fs, pwd.mnt), &truncated);
	ret->walk_bytes = walk_bytes;
	if (truncated)
		scratch->record.flags |= IO_PATH_TRUNCATED;
	return used + walk_bytes;
}

static __always_inline void path_argument(struct task_struct *task, struct arguments *arguments,
					  u8 path_arg, u8 fd_arg, struct part *part)
{
	s32 directory = AT_FDCWD;

	if (path_arg == NO_ARG)
		return;
	part->string = argument(arguments, path_arg);
	if (fd_arg != NO_ARG)
		directory = argument(arguments, fd_arg);
	if (directory == AT_FDCWD)
		part->from_cwd = true;
	else
		part->file = open_file(task, directory);
}

static __always_inline struct io_scratch *begin_io_record(struct task_struct *task,
							  struct thread_state *state, u64 now_ns)
{
	struct io_scratch *scratch;
	u32 zero = 0;

	scratch = bpf_map_lookup_elem(&io_scratch, &zero);
	if (!scratch)
		return 0;
	scratch->record.header.type = RECORD_IO_STALL;
	scratch->record.header.group = state->group;
	scratch->record.header.time_ns = now_ns;
	scratch->record.id = state->id;
	scratch->record.cpu = bpf_get_smp_processor_id();
	scratch->record.flags = 0;
	copy_comm(scratch->record.comm, task);
	return scratch;
}

static __always_inline void send_io_stall(struct io_scratch *scratch, u64 used)
{
	if (used <= sizeof(scratch->data))
		send_record(&scratch->record, sizeof(scratch->record) + used, LOSS_RINGBUF_STALL);
}

static __always_inline void log_call(struct task_struct *task, struct io_scratch *scratch, u64 used,
				     bool executed)
{
	if (used > PART_BYTES)
		return;
	if (executed) {
		scratch->record.argv_bytes =
			copy_argv(task, scratch->data + used, &scratch->record.flags);
		used += scratch->record.argv_bytes;
	}
	scratch->record.header.type = RECORD_LOG_CALL;
	send_log(&scratch->record, sizeof(scratch->record) + used);
}

struct ended_call {
	struct arguments arguments;
	struct file *file;
	struct file_id id;
	u64 now_ns, duration_ns;
	s64 result;
	u16 mode;
	bool has_file;
};

static __always_inline void send_call(struct task_struct *task, struct thread_state *state,
				      const volatile struct call_rule *rule,
				      struct ended_call *ended, bool is_stall)
{
	struct io_scratch *scratch = begin_io_record(task, state, ended->now_ns);
	struct part part[2] = {};
	u64 used = 0;

	if (!scratch)
		return;
	scratch->record.number = state->call.number;
	scratch->record.start_ns = state->call.start_ns;
	scratch->record.duration_ns = ended->duration_ns;
	scratch->record.blocked_ns = state->call.blocked_ns;
	scratch->record.runqueue_ns = state->call.runqueue_ns;
	scratch->record.iowait_ns = state->call.iowait_ns;
	scratch->record.reclaim_ns = state->call.reclaim_ns;
	scratch->record.lock_ns = state->call.lock_ns;
	scratch->record.longest_block_ns = state->call.longest_block_ns;
	if (state->call.longest_in_lock)
		scratch->record.flags |= IO_LONGEST_IN_LOCK;
	__builtin_memcpy(scratch->record.stack, state->call.stack, sizeof(scratch->record.stack));
	scratch->record.result = ended->result;
	__builtin_memcpy(scratch->record.args, ended->arguments.at, sizeof(scratch->record.args));
	scratch->record.file = ended->id;
	scratch->record.mode = ended->mode;
	scratch->record.file_system = 0;
	scratch->record.argv_bytes = 0;
	if (log_calls)
		scratch->record.open_mode = ended->file ? FOLLOW(struct file, ended->file, f_mode)
							: state->call.open_mode;
	if (ended->has_file)
		scratch->record.flags |= IO_HAS_FILE;
	if (ended->file) {
		part[0].file = ended->file;
		if (is_unlinked(ended->file))
			scratch->record.flags |= IO_DELETED;
	} else if (rule->kind == CALL_EXEC && ended->result >= 0) {
		/* The string went with the old memory. */
		part[0].file = BPF_CORE_READ(task, mm, exe_file);
	} else if (!ended->has_file) {
		path_argument(task, &ended->arguments, rule->path_arg, rule->fd_arg, &part[0]);
	}
	if (part[0].file)
		scratch->record.file_system = file_system_of(part[0].file);
	path_argument(task, &ended->arguments, rule->path2_arg, rule->fd2_arg, &part[1]);
	used = write_part(scratch, used, &part[0], &scratch->record.path[0]);
	used = write_part(scratch, used, &part[1], &scratch->record.path[1]);
	if (is_stall)
		send_io_stall(scratch, used);
	if (log_calls && !state->group)
		log_call(task, scratch, used, rule->kind == CALL_EXEC && ended->result >= 0);
}

static __always_inline bool wanted(const volatile struct call_rule *rule,
				   struct arguments *arguments)
{
	u32 command = arguments->at[1];

	switch (rule->filter) {
	case FILTER_FCNTL_LOCK:
		return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK ||
		       command == F_OFD_SETLKW;
	case FILTER_IOCTL_CLONE:
		return command == FICLONE || command == FICLONERANGE || command == FIDEDUPERANGE;
	case FILTER_MMAP_FILE:
		return (s32)arguments->at[4] >= 0;
	}
	return true;
}

SEC("?tp_btf/sys_enter")
int BPF_PROG(sys_enter, struct pt_regs *regs, long number)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const volatile struct call_rule *rule;
	struct thread_state *state;
	struct arguments arguments;
	struct file *file;

	if (number < 0 || number >= CALL_TABLE_SIZE)
		return 0;
	rule = &call_rules[number];
	if (!rule->kind || !is_member(task))
		return 0;
#if defined(__TARGET_ARCH_x86)
	if (task->thread_info.status & TS_COMPAT) {
		count_loss(LOSS_COMPAT_CALL, bpf_ktime_get_ns());
		return 0;
	}
#endif
	read_arguments(regs, &arguments);
	if (!wanted(rule, &arguments))
		return 0;
	state = adopt_thread(task, 0);
	if (!state)
		return 0;
	if (state->fault.start_ns)
		finish_fault(task, state);
	state->call.number = number;
	state->call.blocked_ns = 0;
	state->call.runqueue_ns = 0;
	state->call.iowait_ns = 0;
	state->call.reclaim_ns = 0;
	state->call.lock_ns = 0;
	state->call.longest_block_ns = 0;
	state->call.longest_in_lock = 0;
	state->lock = 0;
	state->call.has_file = 0;
	state->call.open_mode = 0;
	/* After close(2) the descriptor names nothing, or already another file. */
	if (rule->effect == EFFECT_CLOSE) {
		file = open_file(task, argument(&arguments, rule->fd_arg));
		if (!file)
			return 0;
		state->call.mode = identify_file(file, &state->call.file);
		if (!is_file_mode(state->call.mode))
			return 0;
		state->call.has_file = 1;
		if (log_calls)
			state->call.open_mode = FOLLOW(struct file, file, f_mode);
	}
	state->call.start_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(sys_exit, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const volatile struct call_rule *rule;
	long number = call_number(regs);
	struct file_totals *totals;
	struct ended_call ended = {};
	struct thread_state *state;
	s64 fd = -1;
	bool is_stall;

	if (number < 0 || number >= CALL_TABLE_SIZE)
		return 0;
	rule = &call_rules[number];
	if (!rule->kind || !is_member(task))
		return 0;
	state = thread_state(task);
	if (!state || !state->call.start_ns || state->call.number != number)
		return 0;
	read_arguments(regs, &ended.arguments);
	ended.result = result;
	ended.now_ns = bpf_ktime_get_ns();
	ended.duration_ns = ended.now_ns - state->call.start_ns;
	if (rule->kind == CALL_OPEN)
		fd = result;
	else if (rule->kind == CALL_FD && rule->effect != EFFECT_CLOSE)
		fd = argument(&ended.arguments, rule->fd_arg);
	ended.file = fd >= 0 ? open_file(task, fd) : 0;
	/* sendfile(2) and splice(2) may have the file on either side. */
	if (rule->kind == CALL_FD && rule->fd2_arg != NO_ARG &&
	    !(ended.file && is_file(ended.file)))
		ended.file = open_file(task, argument(&ended.arguments, rule->fd2_arg));
	if (ended.file) {
		ended.mode = identify_file(ended.file, &ended.id);
		ended.has_file = true;
	} else if (state->call.has_file) {
		ended.mode = state->call.mode;
		ended.id = state->call.file;
		ended.has_file = true;
	}
	if (ended.has_file ? is_file_mode(ended.mode) : rule->kind != CALL_FD) {
		account_call(state, number, rule->effect, result, ended.duration_ns);
		if (ended.has_file && !state->group) {
			totals = file_account(ended.file, &ended.id, ended.mode, ended.now_ns);
			if (totals)
				account_file(totals, rule->effect, result, ended.duration_ns);
		}
		is_stall = ended.duration_ns >= io_threshold_ns;
		if (is_stall)
			remember_stall(state, ended.duration_ns, ended.now_ns);
		if (is_stall || (log_calls && !state->group))
			send_call(task, state, rule, &ended, is_stall);
	}
	state->call.start_ns = 0;
	return 0;
}

static __always_inline int start_fault(unsigned long address)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *state;

	if (!is_member(task))
		return 0;
	state = thread_state(task);
	/* Inside a traced call the fault is a part of that call. */
	if (!state || state->call.start_ns)
		return 0;
	if (state->fault.start_ns)
		finish_fault(task, state);
	/* What a call counts of its blocks, a fault outside of any call counts in the same place. */
	state->call.iowait_ns = 0;
	state->call.reclaim_ns = 0;
	state->call.lock_ns = 0;
	state->call.longest_block_ns = 0;
	state->call.longest_in_lock = 0;
	state->lock = 0;
	state->fault.address = address;
	state->fault.has_file = 0;
	state->fault.end_ns = 0;
	state->fault.blocked_ns = 0;
	state->fault.runqueue_ns = 0;
	state->fault.start_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("?tp_btf/page_fault_user")
int BPF_PROG(page_fault_user, unsigned long address, struct pt_regs *regs, unsigned long error_code)
{
	return start_fault(address);
}

/* A fault is in this file's mapping: it is the one that the thread may come to wait for. */
static __always_inline int name_fault(struct address_space *mapping)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *state;
	struct inode *inode;

	if (!is_member(task))
		return 0;
	state = thread_state(task);
	if (!state || !state->fault.start_ns)
		return 0;
	inode = FOLLOW(struct address_space, mapping, host);
	state->fault.mode = identify_inode(inode, &state->fault.file);
	state->fault.file_system =
		FOLLOW(struct super_block, FOLLOW(struct inode, inode, i_sb), s_magic);
	state->fault.has_file = 1;
	return 0;
}

SEC("?tp_btf/mm_filemap_fault")
int BPF_PROG(mm_filemap_fault, struct address_space *mapping, unsigned long index)
{
	return name_fault(mapping);
}

/* For kernels without the above (6.1): a page that has to be read first is added to the cache. */
SEC("?tp_btf/mm_filemap_add_to_page_cache")
int BPF_PROG(mm_filemap_add_to_page_cache, struct folio *folio)
{
	return name_fault(FOLLOW(struct folio, folio, mapping));
}
