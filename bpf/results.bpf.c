// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Results of tests that a program prints: what it gives to write(2), copied without touching the output. */
#include "file.h"
#include "io_stall.h"
#include "loop.h"
#include "results.h"
#include "thread.h"

#define HEAD_BYTES 8
#define DOUBT      200 /* writes without a result after which a program is no test */

/* What results look like, and so which marks their lines have: bits of before_mark and at_mark */
#define FORM_LINES    (1 | 2) /* TAP; the frames of GoogleTest and cmocka */
#define FORM_TEAMCITY 4
#define FORM_XML      (8 | 16) /* Catch2, doctest */
#define FORM_BOOST    32
#define FORM_SUBUNIT  64
#define FORM_PACKETS  128 /* subunit's second version, which needs no marks */

#define XML_BYTES     39 /* <?xml version="1.0" encoding="UTF-8"?> and its newline */
#define RUNNING_BYTES 10 /* "Running 7 " */
#define COUNT_DIGITS  6 /* of the number of tests that Boost.Test runs */
#define PACKET_BEGIN  2 /* the lowest status of a test that has begun */
#define CHUNK_BYTES   8
#define CHUNKS        (RESULTS_BYTES / CHUNK_BYTES)

struct results_scratch {
	struct record_results record;
	char data[RESULTS_BYTES];
	u64 used;
	u64 form, marks, previous;
};

/* Of a part of what is written */
#define PART_IS_BEGIN 1 /* as in the record */
#define PART_MUST     2 /* send it whatever it has */
#define PART_CUT      4 /* times is_cut in the record */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct results_scratch);
} results_scratch SEC(".maps");

/* Whether the head begins with these `length` characters. */
static __always_inline bool is_head(u64 head, const char *of, u32 length)
{
	u64 wanted = 0;

#pragma unroll
	for (u32 i = 0; i < HEAD_BYTES; i++)
		wanted |= i < length ? (u64)(u8)of[i] << 8 * i : 0;
	return (head << 8 * (HEAD_BYTES - length)) == (wanted << 8 * (HEAD_BYTES - length));
}

/* How results begin. Returns their form; 0: these are none. */
static __always_inline u8 begins_results(u64 head)
{
	if (is_head(head, "TAP vers", 8) || is_head(head, "1..", 3) || is_head(head, "ok 1", 4) ||
	    is_head(head, "not ok 1", 8) || is_head(head, "[==", 3) || is_head(head, "[--", 3) ||
	    (is_head(head, "\033[0;3", 5) && head >> 56 == '['))
		return FORM_LINES;
	if (is_head(head, "##teamci", 8) || is_head(head, "\n##teamc", 8))
		return FORM_TEAMCITY;
	if (is_head(head, "<Catch", 6) || is_head(head, "<doctest", 8))
		return FORM_XML;
	return 0;
}

/* How output begins before results, and that of many other programs. */
static __always_inline u8 may_begin_results(u64 head)
{
	if (is_head(head, "\033[0;3", 5) || is_head(head, "Running ", 8) ||
	    is_head(head, "Note: ", 6))
		return FORM_LINES;
	if (is_head(head, "<?xml ve", 8))
		return FORM_XML;
	if (is_head(head, "test: ", 6))
		return FORM_SUBUNIT;
	return 0;
}

/*
 * A packet of subunit's second version, about a test that begins or has ended. Its length is that of the write: so neither text nor
 * a part of a packet is taken for one.
 */
static __always_inline bool is_packet(u64 head, u64 bytes)
{
	u64 length = head >> 24 & 0x3f, more = head >> 30 & 3;

	/* The signature; the version and the flag of an ID; a bit that is never set */
	if ((head & 0x08f8ff) != 0x0028b3 || (head >> 16 & 7) < PACKET_BEGIN)
		return false;
#pragma unroll
	for (u32 i = 0; i < 3; i++)
		if (i < more)
			length = length << 8 | (head >> (32 + 8 * i) & 0xff);
	return length == bytes;
}

static __always_inline u64 read_head(u64 from)
{
	u64 head = 0;

	return bpf_probe_read_user(&head, sizeof(head), (void *)from) ? 0 : head;
}

/* After an output that may begin results: whether what follows at once, or in the next writes, proves it. */
static __always_inline u8 proves_results(u64 head, u64 from, u64 bytes)
{
	if (is_head(head, "<?xml ve", 8) && bytes > XML_BYTES)
		return begins_results(read_head(from + XML_BYTES));
	if (is_head(head, "success:", 8) || is_head(head, "failure:", 8) ||
	    is_head(head, "skip: ", 6))
		return FORM_SUBUNIT;
	if (!is_head(head, "Running ", 8))
		return 0;
	/* Running 7 test cases... */
	for (u32 i = 0; i < COUNT_DIGITS; i++)
		if (is_head(read_head(from + RUNNING_BYTES + i), "test cas", 8))
			return FORM_BOOST;
	return 0;
}

/*
 * A mark is two characters with a bit in common, the one before and the one at it. Tables, because the verifier checks each
 * branch of a comparison separately:
 *    1  "\nok", "\nnot ok", "\n1..", "\nTAP"
 *    2  "[ RUN", "[----", "[===="
 *    4  "##teamcity["
 *    8  "<TestCase", "<OverallResult", "<Catch", "<doctest"
 *   16  "</TestCase"
 *   32  "Entering test case \""
 *   64  "success: "
 */
static const u8 before_mark[256] = {
	['\n'] = 1, ['['] = 2, ['#'] = 4, ['<'] = 8, ['/'] = 16, [' '] = 32, [':'] = 64,
};
static const u8 at_mark[256] = {
	['o'] = 1, ['n'] = 1, ['1'] = 1, ['T'] = 1 | 8 | 16, [' '] = 2 | 64, ['-'] = 2,
	['='] = 2, ['#'] = 4, ['O'] = 8, ['C'] = 8,          ['d'] = 8,      ['"'] = 32,
};

static long look_for_mark(u32 index, struct results_scratch **context)
{
	struct results_scratch *scratch = *context;
	u64 marks = 0;
	u8 previous = scratch->previous;

	if (index >= CHUNKS || index * CHUNK_BYTES >= scratch->used)
		return 1;
#pragma unroll
	for (int i = 0; i < CHUNK_BYTES; i++) {
		u8 c = scratch->data[index * CHUNK_BYTES + i];

		marks |= before_mark[previous] & at_mark[c];
		previous = c;
	}
	scratch->previous = previous;
	scratch->marks |= marks & scratch->form;
	return scratch->marks != 0;
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
	u8 form, doubtful = 0;
	u64 head;

	if (results_fd && !state->results_doubt)
		return results_fd > 0 && (results_fd == fd || fd == 2);
	if (fd == 2 || (results_fd && results_fd != fd))
		return false;
	head = bytes < HEAD_BYTES / 2 ? 0 : read_head(from);
	form = is_packet(head, bytes) ? FORM_PACKETS : begins_results(head);
	if (!form && !results_fd)
		doubtful = may_begin_results(head);
	if (!form && (results_fd || doubtful))
		form = proves_results(head, from, bytes);
	if (results_fd) {
		if (form) {
			state->results_doubt = 0;
			state->results_form = form;
			has_seen_results = true;
		} else if (!--state->results_doubt) {
			state->results_fd = -1;
		}
		return true;
	}
	if ((!form && !doubtful) || !is_output(task, fd))
		return false;
	state->results_doubt = form ? 0 : DOUBT;
	state->results_form = form ? form : doubtful;
	state->results_fd = fd;
	has_seen_results |= form != 0;
	return true;
}

/* Most of what a test prints is none of its results. */
static __always_inline bool has_results(struct results_scratch *scratch,
					struct thread_state *leader)
{
	scratch->form = leader->results_form;
	scratch->marks = 0;
	scratch->previous = '\n';
	LOOP(look_for_mark, &scratch);
	return scratch->marks || leader->results_in_line;
}

/*
 * Sends at most RESULTS_BYTES that the current thread writes; part: PART_... . Returns whether it did. Global, so that the
 * verifier checks it once, and not for each call.
 */
__noinline int send_part(s32 fd, u64 from, u64 bytes, u32 part)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *leader = thread_state(task->group_leader);
	struct results_scratch *scratch;
	struct record_results *record;
	u32 zero = 0;

	scratch = bpf_map_lookup_elem(&results_scratch, &zero);
	if (!leader || !scratch || !bytes)
		return 0;
	/* Else the compiler makes one comparison of both, after which the verifier of 6.1 knows no bound. */
	barrier_var(bytes);
	if (bytes > RESULTS_BYTES || bpf_probe_read_user(scratch->data, bytes, (void *)from))
		return 0;
	scratch->used = bytes;
	if (!(part & PART_MUST) && !has_results(scratch, leader))
		return 0;
	leader->results_in_line = scratch->data[(bytes - 1) & (RESULTS_BYTES - 1)] != '\n';
	record = &scratch->record;
	record->header.type = RECORD_RESULTS;
	record->header.group = 0;
	record->header.time_ns = bpf_ktime_get_ns();
	identify(task, &record->id);
	record->input = pipe_inode(fd_lookup(task, 0));
	record->output = pipe_inode(fd_lookup(task, fd));
	record->fd = fd;
	record->is_begin = part & PART_IS_BEGIN;
	record->is_cut = part / PART_CUT;
	record->data_bytes = bytes;
	send_record(record, sizeof(*record) + bytes, LOSS_RINGBUF_RESULTS);
	return 1;
}

/*
 * Sends the end of what is written: test programs write each of their lines at once. A failure in Boost.Test or TeamCity is
 * one line, which can be long, and what matters is its begin. That is so in a packet, too.
 */
static __always_inline void send_results(struct thread_state *leader, s32 fd, u64 from, u64 bytes)
{
	u32 part = 0;

	if (leader->results_form == FORM_PACKETS) {
		if (!is_packet(read_head(from), bytes))
			return;
		part = PART_MUST;
		if (bytes > RESULTS_BYTES) {
			part |= PART_IS_BEGIN;
			bytes = RESULTS_BYTES;
		}
	} else if (bytes > RESULTS_BYTES) {
		if (leader->results_form & (FORM_BOOST | FORM_TEAMCITY) &&
		    send_part(fd, from, RESULTS_BYTES, PART_IS_BEGIN | PART_MUST))
			part = PART_MUST;
		part |= (bytes > 2 * RESULTS_BYTES ? 2 : 1) * PART_CUT;
		from += bytes - RESULTS_BYTES;
		bytes = RESULTS_BYTES;
	}
	send_part(fd, from, bytes, part);
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
		send_results(leader, fd, from, bytes);
	return 0;
}
