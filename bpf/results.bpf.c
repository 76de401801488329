// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Results of tests that a program prints: what it gives to write(2), copied without touching the output. */
#include "file.h"
#include "io_stall.h"
#include "loop.h"
#include "results.h"
#include "thread.h"

#define HEAD_BYTES  8
#define DOUBT       200 /* writes without a result after which a program is no test */
#define CHUNK_BYTES 8
#define CHUNKS      (RESULTS_BYTES / CHUNK_BYTES)

struct results_scratch {
	struct record_results record;
	char data[RESULTS_BYTES];
	u64 used;
	u64 marks, previous;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct results_scratch);
} results_scratch SEC(".maps");

/* 1 if the numbers, at most 2^63, are equal. Without a branch, because the verifier checks each path separately. */
static __always_inline u64 is_equal(u64 a, u64 b)
{
	return ((a ^ b) - 1) >> 63;
}

/* Whether the head begins with these `length` characters. */
static __always_inline bool is_head(u64 head, const char *of, u32 length)
{
	u64 wanted = 0;

#pragma unroll
	for (u32 i = 0; i < HEAD_BYTES; i++)
		wanted |= i < length ? (u64)(u8)of[i] << 8 * i : 0;
	return (head << 8 * (HEAD_BYTES - length)) == (wanted << 8 * (HEAD_BYTES - length));
}

/*
 * How results begin: with the version, the plan or the first test of TAP, or with a frame of GoogleTest or cmocka, perhaps in
 * colour.
 */
static __always_inline bool begins_results(u64 head)
{
	return is_head(head, "TAP vers", 8) || is_head(head, "1..", 3) ||
	       is_head(head, "ok 1", 4) || is_head(head, "not ok 1", 8) ||
	       is_head(head, "[==", 3) || is_head(head, "[--", 3) ||
	       (is_head(head, "\033[0;3", 5) && head >> 56 == '[');
}

/* How the output of GoogleTest begins before its results, and that of many other programs. */
static __always_inline bool may_begin_results(u64 head)
{
	return is_head(head, "\033[0;3", 5) || is_head(head, "Running ", 8) ||
	       is_head(head, "Note: ", 6);
}

/* Looks for a line that begins as one of TAP, or for the frame of another: "[ RUN", "[----". */
static long look_for_mark(u32 index, struct results_scratch **context)
{
	struct results_scratch *scratch = *context;
	u64 previous = scratch->previous, marks = 0;

	if (index >= CHUNKS || index * CHUNK_BYTES >= scratch->used)
		return 1;
#pragma unroll
	for (int i = 0; i < CHUNK_BYTES; i++) {
		u64 c = (u8)scratch->data[index * CHUNK_BYTES + i];

		marks |= is_equal(previous, '\n') & (is_equal(c, 'o') | is_equal(c, 'n') |
						     is_equal(c, '1') | is_equal(c, 'T'));
		marks |= is_equal(previous, '[') &
			 (is_equal(c, ' ') | is_equal(c, '-') | is_equal(c, '='));
		previous = c;
	}
	scratch->previous = previous;
	scratch->marks |= marks;
	return marks != 0;
}
LOOP_STEP(look_for_mark, struct results_scratch *, CHUNKS)

/* Programs often print to a copy of their standard output. */
static __always_inline bool is_output(struct task_struct *task, s32 fd)
{
	return fd == 1 || fd_lookup(task, fd) == fd_lookup(task, 1);
}

/* The inode of a pipe, which is the same at both ends; 0: not a pipe. */
static __always_inline u64 pipe_inode(struct file *file)
{
	struct inode *inode = file ? READ_FIELD(struct file, file, f_inode) : NULL;

	if (!inode || (READ_FIELD(struct inode, inode, i_mode) & S_IFMT) != S_IFIFO)
		return 0;
	return READ_FIELD(struct inode, inode, i_ino);
}

/*
 * Whether the process prints results to this descriptor. GoogleTest and cmocka also print to standard error, but begin on
 * standard output; other programs begin a line there in the same way. After a first line that proves nothing, a result must
 * follow, so that a program that is no test does not fill the ring buffer.
 */
static __always_inline bool prints_results(struct task_struct *task, struct thread_state *state,
					   s32 fd, u64 from, u64 bytes)
{
	s32 results_fd = state->results_fd;
	bool is_result;
	u64 head = 0;

	if (results_fd && !state->results_doubt)
		return results_fd > 0 && (results_fd == fd || fd == 2);
	if (fd == 2 || (results_fd && results_fd != fd))
		return false;
	if (bytes < HEAD_BYTES / 2 || bpf_probe_read_user(&head, sizeof(head), (void *)from))
		head = 0;
	is_result = begins_results(head);
	if (results_fd) {
		if (is_result)
			state->results_doubt = 0;
		else if (!--state->results_doubt)
			state->results_fd = -1;
		return true;
	}
	if ((!is_result && !may_begin_results(head)) || !is_output(task, fd))
		return false;
	state->results_doubt = is_result ? 0 : DOUBT;
	state->results_fd = fd;
	return true;
}

/* Sends the end of what is written: test programs write each of their lines at once. */
static __always_inline void send_results(struct task_struct *task, struct thread_state *leader,
					 s32 fd, u64 from, u64 bytes)
{
	struct results_scratch *scratch;
	struct record_results *record;
	u32 zero = 0;

	scratch = bpf_map_lookup_elem(&results_scratch, &zero);
	if (!scratch)
		return;
	record = &scratch->record;
	record->is_cut = bytes > RESULTS_BYTES;
	if (bytes > RESULTS_BYTES) {
		from += bytes - RESULTS_BYTES;
		bytes = RESULTS_BYTES;
	}
	if (!bytes || bpf_probe_read_user(scratch->data, bytes, (void *)from))
		return;
	scratch->used = bytes;
	scratch->marks = 0;
	scratch->previous = '\n';
	LOOP(look_for_mark, &scratch);
	if (!scratch->marks && !leader->results_in_line)
		return;
	leader->results_in_line = scratch->data[(bytes - 1) & (RESULTS_BYTES - 1)] != '\n';
	record->header.type = RECORD_RESULTS;
	record->header.group = 0;
	record->header.time_ns = bpf_ktime_get_ns();
	identify(task, &record->id);
	record->input = pipe_inode(fd_lookup(task, 0));
	record->output = pipe_inode(fd_lookup(task, fd));
	record->fd = fd;
	record->data_bytes = bytes;
	send_record(record, sizeof(*record) + bytes, LOSS_RINGBUF_RESULTS);
}

/*
 * Looks at what the current thread gives to write(2). Global, so that the verifier checks it once, and not for each way into
 * a call; not a program of its own, which each system call of the machine would pay for.
 */
__noinline int look_at_output(u64 fd, u64 from, u64 bytes)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *leader = thread_state(task->group_leader);

	if (leader && prints_results(task, leader, fd, from, bytes))
		send_results(task, leader, fd, from, bytes);
	return 0;
}
