/* The account of a test: walks its critical path backwards and divides its time into parts that sum to it exactly. */
#include "spans/account.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "model/sleep_calls.h"
#include "spans/asked.h"

#define DEPTH_MAX 40
/*
 * A search for whom a thread asked looks at all threads: only for sleeps of that part of the test. Python's threads sleep 5 ms
 * at a time for the lock of the interpreter.
 */
#define ASKS_MAX  250
#define STEPS_MAX \
	2000000 /* takes about a second; an account with more pieces would not help a reader */

static const enum account_part class_parts[WAIT_CLASSES] = {
	[BEHIND_OUTSIDE] = PART_CPU_OUTSIDE,   [BEHIND_INSIDE] = PART_CPU_INSIDE,
	[BEHIND_KERNEL] = PART_CPU_KERNEL,     [BEHIND_IDLE] = PART_CPU_IDLE,
	[BEHIND_UNKNOWN] = PART_UNKNOWN,       [BEHIND_IRQ] = PART_CPU_IRQ,
	[BEHIND_STEAL] = PART_CPU_STEAL,       [BEHIND_THROTTLED] = PART_CPU_THROTTLED,
	[BEHIND_DELIVERY] = PART_CPU_DELIVERY,
};

/* A sleep in a file operation. */
struct file_sleep {
	enum account_part part; /* PARTS: another sleep */
	const struct off_cpu_block *block; /* NULL: the operation was no stall */
};

/* A piece of the path that is not yet divided: the thread's time from from_ns until at_ns. */
struct frame {
	const struct off_cpu_thread *thread;
	uint64_t from_ns, at_ns;
	uint32_t next; /* the number of entries in the thread's list before at_ns */
	struct file_sleep io; /* of an upper frame; this thread serves its file */
};

struct walk {
	const struct off_cpu_table *table;
	struct account *account;
	struct frame frames[DEPTH_MAX];
	unsigned depth;
	uint64_t steps;
};

/* -- Sums and steps -------------------------------------------------------------------------------- */

static struct account_who who_of(const struct off_cpu_thread *thread)
{
	struct account_who who = {0};

	if (!thread)
		return who;
	who.host_pid = thread->host_pid;
	who.host_tid = thread->host_tid;
	who.outside = thread->outside;
	memcpy(who.comm, thread->comm, COMM_BYTES);
	return who;
}

/* Exact up to ACCOUNT_SHARES shares; beyond that the largest sums are likely to stay. */
static struct account_share *share_for(struct account *account, const struct account_who *who,
				       enum account_part part, uint64_t ns)
{
	struct account_share *least = NULL;

	for (uint32_t i = 0; i < account->share_count; i++) {
		struct account_share *share = &account->shares[i];

		if (share->part == part && share->who.host_tid == who->host_tid)
			return share;
		if (!least || share->ns < least->ns)
			least = share;
	}
	if (account->share_count < ACCOUNT_SHARES)
		least = &account->shares[account->share_count++];
	else if (least->ns >= ns)
		return NULL;
	*least = (struct account_share){.who = *who, .part = part, .call = -1};
	return least;
}

static bool shorter(const struct account_step *one, const struct account_step *other)
{
	return one->until_ns - one->from_ns < other->until_ns - other->from_ns;
}

static void note_step(struct walk *walk, const struct frame *frame, enum account_part part,
		      uint64_t from_ns, uint64_t until_ns)
{
	struct account *account = walk->account;
	const struct account_step step = {
		.from_ns = from_ns,
		.until_ns = until_ns,
		.who = who_of(frame->thread),
		.part = part,
		.depth = (uint16_t)(walk->depth - 1),
	};
	struct account_step *last = account->step_count ? &account->steps[account->step_count - 1]
							: NULL;
	uint32_t least = 0;

	/* The walk goes backwards: this piece ends where the previous piece starts. */
	if (last && last->from_ns == until_ns && last->part == part &&
	    last->who.host_tid == step.who.host_tid && last->depth == step.depth) {
		last->from_ns = from_ns;
		return;
	}
	if (account->step_count < ACCOUNT_STEPS) {
		account->steps[account->step_count++] = step;
		return;
	}
	for (uint32_t i = 1; i < ACCOUNT_STEPS; i++)
		if (shorter(&account->steps[i], &account->steps[least]))
			least = i;
	if (!shorter(&account->steps[least], &step))
		return;
	memmove(account->steps + least, account->steps + least + 1,
		(ACCOUNT_STEPS - 1 - least) * sizeof(step));
	account->steps[ACCOUNT_STEPS - 1] = step;
}

static uint64_t scale(uint64_t value, uint64_t part_ns, uint64_t whole_ns)
{
	return whole_ns ? (uint64_t)((unsigned __int128)value * part_ns / whole_ns) : 0;
}

/* culprit may be NULL; of_wait: its part of the longest piece, out of OFF_CPU_SHARE_WHOLE. */
static void name_culprit(struct account_share *share, const struct off_cpu_culprit *culprit,
			 uint16_t of_wait)
{
	if (!culprit)
		return;
	share->culprit = (struct account_who){
		.host_pid = culprit->host_pid,
		.host_tid = culprit->host_tid,
		.outside = culprit->class != CLASS_INSIDE,
	};
	memcpy(share->culprit.comm, culprit->comm, COMM_BYTES);
	share->culprit_policy = part_is_cpu(share->part) ? culprit->policy : 0;
	share->culprit_ns = scale(share->longest_ns, of_wait, OFF_CPU_SHARE_WHOLE);
}

/* Whether the disk worked for others. */
static bool is_behind_requests(enum account_part part)
{
	return part == PART_IO_DEVICE_INSIDE || part == PART_IO_DEVICE_OUTSIDE;
}

/* Whether the stalls of file operations say who was to blame. */
static bool has_culprit(enum account_part part)
{
	return is_behind_requests(part) || part == PART_IO_LOCK;
}

static void describe_cpu_wait(const struct walk *walk, const struct off_cpu *entry,
			      struct account_share *share)
{
	if (share->part != PART_CPU_THROTTLED && share->part != PART_CPU_THROTTLED_OUTSIDE)
		name_culprit(share, off_cpu_culprit(walk->table, entry->culprit),
			     entry->culprit_share);
}

static void describe_file_wait(const struct walk *walk, const struct frame *frame,
			       const struct off_cpu *entry, struct account_share *share)
{
	const struct off_cpu_block *block = NULL;

	if (entry)
		block = off_cpu_block_at(frame->thread, entry->from_ns);
	if (!block)
		block = frame->io.block;
	if (block)
		name_culprit(share, off_cpu_culprit(walk->table, block->culprit),
			     block->culprit_share);
}

/* entry: the source of the details; NULL: the thread ran, or nothing is known. */
static void add(struct walk *walk, const struct frame *frame, enum account_part part, uint64_t ns,
		const struct off_cpu *entry)
{
	const struct account_who who = who_of(frame->thread);
	struct account_share *share;

	if (!ns)
		return;
	walk->account->ns[part] += ns;
	share = share_for(walk->account, &who, part, ns);
	if (!share)
		return;
	share->ns += ns;
	if (ns < share->longest_ns || (!entry && !has_culprit(part)))
		return;
	share->longest_ns = ns;
	if (has_culprit(part))
		describe_file_wait(walk, frame, entry, share);
	if (part_is_cpu(part)) {
		describe_cpu_wait(walk, entry, share);
	} else if (part != PART_RUNNING && entry) {
		share->call = entry->call;
		share->waker = who_of(off_cpu_thread(walk->table, entry->waker_host_tid,
						     entry->from_ns + entry->asleep_ns));
	}
}

/* -- Parts ------------------------------------------------------------------------------------------- */

/* Adjusts a part to the thread: work of a thread outside the run is a service; work for a file of an upper frame is I/O. */
static enum account_part part_in(const struct frame *frame, enum account_part part)
{
	if (part == PART_CPU_THROTTLED && frame->thread && frame->thread->outside)
		return PART_CPU_THROTTLED_OUTSIDE;
	if (part_is_cpu(part) || part == PART_UNKNOWN)
		return part;
	/* The disk of the upper frame is busy for others, whoever waits for it. */
	if (part == PART_IO_DEVICE && is_behind_requests(frame->io.part))
		return frame->io.part;
	if (frame->io.part != PARTS)
		return part_is_io(part) ? part : frame->io.part;
	if (frame->thread && frame->thread->outside && (part == PART_RUNNING || part >= PART_TIMER))
		return part == PART_NETWORK ? part : PART_SERVICE;
	return part;
}

static struct file_sleep file_sleep_of(const struct off_cpu_thread *thread,
				       const struct off_cpu *entry)
{
	struct file_sleep sleep = {.part = PARTS};

	if (!(entry->flags & (OFF_IN_FILE | OFF_IN_IOWAIT)) && entry->how != WOKEN_BY_BLOCK)
		return sleep;
	sleep.block = off_cpu_block_at(thread, entry->from_ns);
	if (sleep.block && sleep.block->cause != CAUSE_UNKNOWN)
		sleep.part = cause_catalog[sleep.block->cause].part;
	else if (entry->flags & OFF_IN_RECLAIM)
		sleep.part = PART_IO_RECLAIM;
	else if (entry->flags & OFF_IN_LOCK)
		sleep.part = PART_IO_LOCK;
	else if (entry->flags & OFF_IN_IOWAIT || entry->how == WOKEN_BY_BLOCK)
		sleep.part = PART_IO_DEVICE;
	if (!part_is_io(sleep.part))
		sleep.part = PART_IO_UNKNOWN;
	return sleep;
}

/* The part of a sleep that ends the path. */
static enum account_part part_of_sleep(const struct walk *walk, const struct off_cpu_thread *thread,
				       const struct off_cpu *entry)
{
	const struct off_cpu_thread *waker;
	enum account_part io = file_sleep_of(thread, entry).part;

	if (io != PARTS)
		return io;
	/* A signal can end it early. Stopped, the thread waits for who lets it go on, whatever its call is. */
	if (sleep_call_find(entry->call).is_own && entry->how != WOKEN_UNSEEN &&
	    !(entry->flags & OFF_STOPPED))
		return PART_TIMER;
	switch ((enum wake_how)entry->how) {
	case WOKEN_BY_TIMER:
		return PART_TIMER;
	case WOKEN_BY_PACKET:
		return PART_NETWORK;
	case WOKEN_BY_THREAD:
	case WOKEN_BY_KERNEL:
	case WOKEN_BY_LOCAL_PACKET:
		waker = off_cpu_thread(walk->table, entry->waker_host_tid,
				       entry->from_ns + entry->asleep_ns);
		/* The path ends here only because a switch of the waker was not traced, or because of the depth limit. */
		if (waker && waker->has_records)
			return PART_UNKNOWN;
		if (waker && waker->outside && !waker->kernel)
			return PART_SERVICE;
		return sleep_call_find(entry->call).part;
	default:
		return PART_UNKNOWN;
	}
}

/* -- Pieces ------------------------------------------------------------------------------------------ */

/* Divides ns of the entry's wait by its shares. */
static void add_wait(struct walk *walk, const struct frame *frame, const struct off_cpu *entry,
		     uint64_t from_ns, uint64_t ns)
{
	unsigned largest = BEHIND_UNKNOWN;
	uint64_t left_ns = ns;

	for (unsigned class = 0; class < WAIT_CLASSES; class ++) {
		if (entry->shares[class] > entry->shares[largest])
			largest = class;
	}
	for (unsigned class = 0; class < WAIT_CLASSES; class ++) {
		uint64_t part_ns =
			MIN(scale(ns, entry->shares[class], OFF_CPU_SHARE_WHOLE), left_ns);

		if (class == largest)
			continue;
		add(walk, frame, part_in(frame, class_parts[class]), part_ns, entry);
		left_ns -= part_ns;
	}
	/* The largest share also gets the rounding error. */
	add(walk, frame, part_in(frame, class_parts[largest]), left_ns, entry);
	if (ns && entry->kind == OFF_CPU_ONE)
		note_step(walk, frame, part_in(frame, class_parts[largest]), from_ns, from_ns + ns);
}

static void add_running(struct walk *walk, const struct frame *frame, uint64_t from_ns,
			uint64_t until_ns)
{
	enum account_part part = part_in(frame, PART_RUNNING);

	if (from_ns >= until_ns)
		return;
	add(walk, frame, part, until_ns - from_ns, NULL);
	note_step(walk, frame, part, from_ns, until_ns);
}

static void add_unknown(struct walk *walk, const struct frame *frame, uint64_t from_ns,
			uint64_t until_ns)
{
	if (from_ns >= until_ns)
		return;
	add(walk, frame, PART_UNKNOWN, until_ns - from_ns, NULL);
	note_step(walk, frame, PART_UNKNOWN, from_ns, until_ns);
}

/* The waker's sum at time_ns, which tells how much of its time was short waits for a CPU; NULL: none. */
static const struct off_cpu *sum_at(const struct off_cpu_thread *thread, uint64_t time_ns)
{
	uint32_t at = thread ? off_cpu_find(thread, time_ns) : 0;
	const struct off_cpu *entry;

	if (!thread || at >= thread->count)
		return NULL;
	entry = &thread->list[at];
	return entry->kind == OFF_CPU_SUM && entry->from_ns <= time_ns ? entry : NULL;
}

/*
 * Adds a sum of short sleeps, which mostly one waker ended. If the waker had short waits for a CPU at the same time, the
 * sleeper slept for these waits.
 */
static void add_short_sleeps(struct walk *walk, const struct frame *frame,
			     const struct off_cpu *entry, uint64_t at_ns, uint64_t ns)
{
	const struct off_cpu_thread *waker =
		off_cpu_thread(walk->table, entry->waker_host_tid, at_ns);
	const struct off_cpu *other = sum_at(waker, at_ns);
	enum account_part part = part_in(frame, part_of_sleep(walk, frame->thread, entry));
	uint64_t wait_ns = 0;

	/* The rest of the waker's time was work, as for other threads on the path. */
	if (waker && waker != frame->thread && waker->has_records && part == PART_UNKNOWN)
		part = part_in(&(struct frame){.thread = waker, .io = frame->io}, PART_RUNNING);
	if (other && waker != frame->thread) {
		const struct frame of_waker = {.thread = waker, .io = frame->io};

		wait_ns = MIN(scale(other->wait_ns, entry->until_ns - entry->from_ns,
				    other->until_ns - other->from_ns),
			      entry->asleep_ns);
		wait_ns = scale(ns, wait_ns, entry->asleep_ns);
		add_wait(walk, &of_waker, other, at_ns, wait_ns);
	}
	if (part == PART_TIMER)
		walk->account->own_sleep_ns += ns - wait_ns;
	add(walk, frame, part, ns - wait_ns, entry);
}

/* Divides the time of a sum from from_ns to until_ns. */
static void divide_sum(struct walk *walk, const struct frame *frame, const struct off_cpu *entry,
		       uint64_t from_ns, uint64_t until_ns)
{
	uint64_t whole_ns = entry->until_ns - entry->from_ns, ns = until_ns - from_ns;
	uint64_t wait_ns = MIN(scale(entry->wait_ns, ns, whole_ns), ns);
	uint64_t asleep_ns = MIN(scale(entry->asleep_ns, ns, whole_ns), ns - wait_ns);
	enum account_part running = part_in(frame, PART_RUNNING);

	add_wait(walk, frame, entry, from_ns, wait_ns);
	if (asleep_ns)
		add_short_sleeps(walk, frame, entry, until_ns - 1, asleep_ns);
	add(walk, frame, running, ns - wait_ns - asleep_ns, NULL);
	note_step(walk, frame, running, from_ns, until_ns);
}

/* -- The walk ---------------------------------------------------------------------------------------- */

static void push(struct walk *walk, const struct off_cpu_thread *thread, uint64_t from_ns,
		 uint64_t at_ns, struct file_sleep io)
{
	struct frame *frame = &walk->frames[walk->depth++];

	*frame = (struct frame){.thread = thread, .from_ns = from_ns, .at_ns = at_ns, .io = io};
	frame->next = off_cpu_find(thread, at_ns);
	/* Include the entry that covers at_ns. */
	if (frame->next < thread->count && thread->list[frame->next].from_ns < at_ns)
		frame->next++;
}

/* A waker runs when it wakes. If its entries say otherwise, one of its switches was not traced, and its time is uncertain. */
static bool contradicts(const struct off_cpu_thread *waker, uint64_t time_ns)
{
	uint32_t at = off_cpu_find(waker, time_ns);

	return at < waker->count && waker->list[at].kind == OFF_CPU_ONE &&
	       waker->list[at].from_ns < time_ns;
}

/* The thread that the path goes through during a sleep; NULL: the path ends with the sleep. */
static const struct off_cpu_thread *next_thread(struct walk *walk, const struct frame *frame,
						const struct off_cpu *entry, uint64_t woken_ns)
{
	const struct off_cpu_thread *waker;

	if (entry->how != WOKEN_BY_THREAD && entry->how != WOKEN_BY_KERNEL &&
	    entry->how != WOKEN_BY_LOCAL_PACKET)
		return NULL;
	waker = off_cpu_thread(walk->table, entry->waker_host_tid, woken_ns);
	/* Only its name is known. */
	if (!waker || waker == frame->thread || !waker->has_records)
		return NULL;
	if (contradicts(waker, woken_ns))
		return NULL;
	if (walk->depth == DEPTH_MAX) {
		walk->account->cut = true;
		return NULL;
	}
	return waker;
}

static bool is_on_path(const struct walk *walk, const struct off_cpu_thread *thread)
{
	for (unsigned i = 0; i < walk->depth; i++)
		if (walk->frames[i].thread == thread)
			return true;
	return false;
}

/*
 * The thread that the sleeper still waits for at until_ns, when its own time-out or a signal ends the sleep, or later (is_later)
 * somebody who gave up waiting for the sleeper; NULL: none.
 */
static const struct off_cpu_thread *unanswered(const struct walk *walk, const struct frame *frame,
					       const struct off_cpu *entry, uint64_t from_ns,
					       uint64_t until_ns, bool is_later)
{
	const struct sleep_call call = sleep_call_find(entry->call);
	const struct account *account = walk->account;
	const struct off_cpu_thread *thread = NULL;
	bool for_child = call.name && call.part == PART_CHILD;
	uint64_t ns = until_ns - from_ns;

	if (!account->follows_asked || walk->depth == DEPTH_MAX || entry->flags & OFF_STOPPED ||
	    ns < (account->until_ns - account->from_ns) / ASKS_MAX)
		return NULL;
	/* A thread that it had asked would have been seen to wake it: an unseen end was not the answer. */
	if (entry->how == WOKEN_BY_TIMER || is_later || (entry->how == WOKEN_UNSEEN && !for_child))
		thread = asked_unfinished(walk->table, frame->thread, account->from_ns, from_ns,
					  until_ns);
	else if (for_child)
		thread = asked_child(walk->table, frame->thread, until_ns);
	/* Who sleeps for a time waits for nobody, unless it does so until a thread that cannot run has done its work. */
	if (!thread || is_on_path(walk, thread) ||
	    (call.is_own && asked_wait_ns(thread, from_ns, until_ns) < ns / 2))
		return NULL;
	return thread;
}

static bool is_child_of(const struct off_cpu_table *table, const struct off_cpu_thread *thread,
			const struct off_cpu_thread *parent)
{
	const struct off_cpu_thread *creator, *first = thread;

	if (thread->host_tid != thread->host_pid)
		first = off_cpu_thread(table, thread->host_pid, thread->start_ns);
	if (!first || !first->start_ns)
		return false;
	creator = off_cpu_thread(table, first->creator_host_tid, first->start_ns);
	return creator && creator->host_pid == parent->host_pid;
}

/* Only a child ends a wait for a child: anybody else sent a signal. */
static bool is_ended_by_signal(const struct walk *walk, const struct frame *frame,
			       const struct off_cpu *entry, const struct off_cpu_thread *waker)
{
	const struct sleep_call call = sleep_call_find(entry->call);

	return call.name && call.part == PART_CHILD &&
	       !is_child_of(walk->table, waker, frame->thread);
}

/* Divides the sleep of an entry from from_ns until until_ns. */
static void divide_sleep(struct walk *walk, struct frame *frame, const struct off_cpu *entry,
			 uint64_t from_ns, uint64_t until_ns)
{
	uint64_t woken_ns = entry->from_ns + entry->asleep_ns;
	struct file_sleep io = file_sleep_of(frame->thread, entry);
	/* Who sent the signal had not the lock. */
	bool gave_up = io.part == PART_IO_LOCK && entry->flags & OFF_SIGNALLED;
	const struct off_cpu_thread *waker = gave_up ? NULL
						     : next_thread(walk, frame, entry, woken_ns);
	bool is_later = waker && woken_ns > until_ns && frame->thread->outside &&
			is_on_path(walk, waker);
	enum account_part part;

	if (from_ns >= until_ns)
		return;
	if (is_later || (waker && is_ended_by_signal(walk, frame, entry, waker)) ||
	    (!waker && io.part == PARTS)) {
		const struct off_cpu_thread *thread =
			unanswered(walk, frame, entry, from_ns, until_ns, is_later);

		waker = thread ? thread : waker;
	}
	if (waker) {
		/* The work of a user process for a file (FUSE) counts as a service; that of a kernel thread serves the file. */
		if (io.part == PARTS || !waker->kernel)
			io = frame->io;
		push(walk, waker, from_ns, until_ns, io);
		return;
	}
	part = part_in(frame, part_of_sleep(walk, frame->thread, entry));
	if (part == PART_TIMER && sleep_call_find(entry->call).is_own)
		walk->account->own_sleep_ns += until_ns - from_ns;
	add(walk, frame, part, until_ns - from_ns, entry);
	note_step(walk, frame, part, from_ns, until_ns);
}

static void divide_entry(struct walk *walk, struct frame *frame, const struct off_cpu *entry)
{
	uint64_t from_ns = MAX(entry->from_ns, frame->from_ns), until_ns = frame->at_ns;
	uint64_t woken_ns = entry->from_ns + entry->asleep_ns;

	/* Update this frame first: a push() moves to another frame. */
	frame->at_ns = from_ns;
	frame->next--;
	if (entry->kind == OFF_CPU_LOST) {
		add_unknown(walk, frame, from_ns, until_ns);
		return;
	}
	if (entry->kind == OFF_CPU_SUM) {
		divide_sum(walk, frame, entry, from_ns, until_ns);
		return;
	}
	if (woken_ns < until_ns)
		add_wait(walk, frame, entry, MAX(woken_ns, from_ns),
			 until_ns - MAX(woken_ns, from_ns));
	if (woken_ns > from_ns)
		divide_sleep(walk, frame, entry, from_ns, MIN(woken_ns, until_ns));
}

/* The time before the first entry: the thread ran since its records start; before that the path goes through its creator. */
static void divide_beginning(struct walk *walk, struct frame *frame)
{
	const struct off_cpu_thread *thread = frame->thread, *creator = NULL;
	uint64_t followed_ns = MIN(MAX(thread->followed_from_ns, frame->from_ns), frame->at_ns);

	add_running(walk, frame, followed_ns, frame->at_ns);
	frame->at_ns = followed_ns;
	if (followed_ns == frame->from_ns)
		return;
	if (thread->start_ns && thread->creator_host_tid != thread->host_tid)
		creator = off_cpu_thread(walk->table, thread->creator_host_tid, thread->start_ns);
	if (creator && creator->has_records && creator->start_ns < thread->start_ns) {
		struct frame *same = frame;

		/* The creator replaces this frame, so that a chain of processes, each forked by the one before, is not deep. */
		walk->depth--;
		push(walk, creator, same->from_ns, followed_ns, same->io);
		return;
	}
	/* A thread outside has no records from before the run woke it. */
	if (thread->outside) {
		enum account_part part = part_in(frame, PART_SERVICE);

		add(walk, frame, part, frame->at_ns - frame->from_ns, NULL);
		note_step(walk, frame, part, frame->from_ns, frame->at_ns);
	} else {
		add_unknown(walk, frame, frame->from_ns, frame->at_ns);
	}
	frame->at_ns = frame->from_ns;
}

static void step(struct walk *walk)
{
	struct frame *frame = &walk->frames[walk->depth - 1];
	const struct off_cpu_thread *thread = frame->thread;
	const struct off_cpu *entry;

	if (frame->at_ns <= frame->from_ns) {
		walk->depth--;
		return;
	}
	if (!frame->next) {
		divide_beginning(walk, frame);
		return;
	}
	entry = &thread->list[frame->next - 1];
	if (entry->until_ns >= frame->at_ns) {
		divide_entry(walk, frame, entry);
		return;
	}
	/* Between two entries, and after the last one, the thread is on its CPU. */
	add_running(walk, frame, MAX(entry->until_ns, frame->from_ns), frame->at_ns);
	frame->at_ns = MAX(entry->until_ns, frame->from_ns);
}

static int by_time(const void *a, const void *b)
{
	const struct account_step *one = a, *other = b;

	return one->from_ns < other->from_ns ? -1 : one->from_ns > other->from_ns;
}

static int largest_first(const void *a, const void *b)
{
	const struct account_share *one = a, *other = b;

	if (one->ns != other->ns)
		return one->ns < other->ns ? 1 : -1;
	return one->part < other->part ? -1 : one->part > other->part;
}

void account_walk(const struct off_cpu_table *table, const struct off_cpu_thread *thread,
		  uint64_t from_ns, uint64_t until_ns, bool follows_asked, struct account *ret)
{
	struct walk walk = {.table = table, .account = ret};
	const struct frame nobody = {.io = {.part = PARTS}};

	*ret = (struct account){
		.from_ns = from_ns, .until_ns = until_ns, .follows_asked = follows_asked};
	if (thread && from_ns < until_ns) {
		ret->floor_ns = off_cpu_floor_ns(table, from_ns);
		ret->cut = from_ns < off_cpu_forgotten_ns(table);
		ret->host_pid = thread->host_pid;
		push(&walk, thread, from_ns, until_ns, nobody.io);
		/* The thread ended before the test: later time is not its own. */
		if (thread->end_ns && thread->end_ns < until_ns) {
			uint64_t end_ns = MAX(thread->end_ns, from_ns);

			add_unknown(&walk, &nobody, end_ns, until_ns);
			walk.depth = 0;
			push(&walk, thread, from_ns, end_ns, nobody.io);
		}
	} else if (!thread) {
		add(&walk, &nobody, PART_UNKNOWN, until_ns - from_ns, NULL);
	}
	while (walk.depth && walk.steps++ < STEPS_MAX)
		step(&walk);
	/* Frames are nested without overlap: the rest of each frame is time that the walk has not reached. */
	for (ret->cut |= walk.depth != 0; walk.depth; walk.depth--) {
		const struct frame *frame = &walk.frames[walk.depth - 1];

		add(&walk, frame, PART_UNKNOWN, frame->at_ns - frame->from_ns, NULL);
	}
	qsort(ret->steps, ret->step_count, sizeof(ret->steps[0]), by_time);
	qsort(ret->shares, ret->share_count, sizeof(ret->shares[0]), largest_first);
}

uint64_t account_side_ns(const struct account *account, enum part_side side)
{
	return parts_sum(account->ns, side);
}

uint64_t account_asleep_ns(const struct account *account)
{
	return account_side_ns(account, SIDE_ASLEEP) - account->own_sleep_ns;
}
