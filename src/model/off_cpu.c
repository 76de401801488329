/* The history of each thread off its CPU (when, how long, who woke it), in bounded memory. */
#include "model/off_cpu.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

#define BUCKETS          4096
#define THREADS_MAX      UINT64_C(16384)
#define THREADS_MANY     (THREADS_MAX / 4 * 3)
#define THREADS_STEP     (THREADS_MAX / 8)
#define CULPRITS         1024 /* a power of two */
#define FIRST_ENTRIES    4
#define BLOCKS_MAX       64 /* per thread; the latest are kept */
#define SUM_LENGTH       64 /* a sum covers at most this many times the floor */
#define RECENT_NS        (30 * NSEC_PER_SEC) /* tests that have just ended need these entries */
#define FLOOR_FIRST_NS   (2 * NSEC_PER_MSEC)
#define FLOOR_OLD_MAX_NS NSEC_PER_SEC
#define FLOOR_MAX_NS     (3600 * NSEC_PER_SEC)

struct off_cpu_table {
	struct off_cpu_thread *buckets[BUCKETS];
	size_t thread_count;
	size_t drop_at; /* the thread_count at which ended threads are dropped next */
	size_t bytes, used_bytes;
	uint64_t newest_ns;
	uint64_t floor_ns; /* of entries that ended before coarse_until_ns */
	uint64_t coarse_until_ns;
	uint64_t recent_floor_ns; /* of entries that ended before recent_until_ns, when these took too much */
	uint64_t recent_until_ns;
	uint64_t forgotten_ns; /* threads with entries that ended before this may be dropped */
	uint64_t refused;
	struct off_cpu_culprit culprits[CULPRITS]; /* open addressing; ns is not used */
	bool named[CULPRITS];
};

struct off_cpu_table *off_cpu_new(size_t bytes)
{
	struct off_cpu_table *table = xcalloc(1, sizeof(*table));

	table->bytes = bytes;
	table->drop_at = THREADS_MANY;
	return table;
}

static void free_thread(struct off_cpu_table *table, struct off_cpu_thread *thread)
{
	table->used_bytes -= thread->capacity * sizeof(*thread->list) + sizeof(*thread);
	table->thread_count--;
	free(thread->list);
	free(thread->blocks);
	free(thread);
}

void off_cpu_free(struct off_cpu_table *table)
{
	for (size_t i = 0; table && i < BUCKETS; i++) {
		while (table->buckets[i]) {
			struct off_cpu_thread *thread = table->buckets[i];

			table->buckets[i] = thread->next;
			free_thread(table, thread);
		}
	}
	free(table);
}

/* -- Threads --------------------------------------------------------------------------------------- */

static struct off_cpu_thread *latest(const struct off_cpu_table *table, uint32_t host_tid)
{
	struct off_cpu_thread *thread = table->buckets[host_tid % BUCKETS];

	while (thread && thread->host_tid != host_tid)
		thread = thread->next;
	return thread;
}

/* Drops threads that ended before before_ns: those without entries, or with `all` every one. */
static void drop_ended(struct off_cpu_table *table, bool all, uint64_t before_ns)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct off_cpu_thread **link = &table->buckets[i];

		while (*link) {
			struct off_cpu_thread *thread = *link;

			if (!thread->end_ns || thread->end_ns >= before_ns ||
			    (thread->count && !all)) {
				link = &thread->next;
				continue;
			}
			if (thread->count)
				table->forgotten_ns = MAX(table->forgotten_ns, thread->end_ns);
			*link = thread->next;
			free_thread(table, thread);
		}
	}
}

/* Older entries are only needed for what takes long: suites, and the run. */
static uint64_t recent_ns(const struct off_cpu_table *table)
{
	return table->newest_ns - MIN(table->newest_ns, RECENT_NS);
}

/* Looks at every thread, so it must rarely run, also if most threads have entries. */
static void drop_some(struct off_cpu_table *table)
{
	drop_ended(table, false, UINT64_MAX);
	if (table->thread_count > THREADS_MAX - THREADS_STEP)
		drop_ended(table, true, recent_ns(table));
	if (table->thread_count > THREADS_MAX - THREADS_STEP)
		drop_ended(table, true, UINT64_MAX);
	table->drop_at = MAX(THREADS_MANY, table->thread_count + THREADS_STEP);
	table->drop_at = MIN(table->drop_at, THREADS_MAX);
}

/* NULL: no room. */
static struct off_cpu_thread *add_thread(struct off_cpu_table *table, uint32_t host_tid,
					 uint32_t host_pid)
{
	struct off_cpu_thread **bucket = &table->buckets[host_tid % BUCKETS], *thread;

	if (table->thread_count >= table->drop_at)
		drop_some(table);
	if (table->thread_count >= THREADS_MAX) {
		table->refused++;
		return NULL;
	}
	thread = xcalloc(1, sizeof(*thread));
	thread->host_tid = host_tid;
	thread->host_pid = host_pid;
	thread->next = *bucket;
	*bucket = thread;
	table->thread_count++;
	table->used_bytes += sizeof(*thread);
	return thread;
}

void off_cpu_started(struct off_cpu_table *table, const struct record_start *record)
{
	struct off_cpu_thread *thread = latest(table, record->id.host_tid);

	/* The thread moved into the cgroup and has records as a service: keep its history. */
	if (thread && !thread->end_ns && !record->creator_host_tid && thread->has_records) {
		thread->outside = false;
	} else {
		if (thread && !thread->end_ns)
			thread->end_ns = record->header.time_ns;
		thread = add_thread(table, record->id.host_tid, record->id.host_pid);
	}
	if (!thread)
		return;
	thread->host_pid = record->id.host_pid;
	thread->tid = record->id.tid;
	thread->creator_host_tid = record->creator_host_tid;
	thread->has_records = true;
	if (!thread->followed_from_ns)
		thread->followed_from_ns = record->header.time_ns;
	if (record->creator_host_tid)
		thread->start_ns = record->header.time_ns;
	memcpy(thread->comm, record->comm, COMM_BYTES);
}

void off_cpu_ended(struct off_cpu_table *table, uint32_t host_tid, uint64_t end_ns)
{
	struct off_cpu_thread *thread = latest(table, host_tid);

	if (thread && !thread->end_ns)
		thread->end_ns = end_ns;
}

const struct off_cpu_thread *off_cpu_thread(const struct off_cpu_table *table, uint32_t host_tid,
					    uint64_t time_ns)
{
	const struct off_cpu_thread *thread = table->buckets[host_tid % BUCKETS], *best = NULL;

	/* The latest thread comes first, so the first one that started by time_ns is the right one. */
	for (; host_tid && thread; thread = thread->next) {
		if (thread->host_tid != host_tid)
			continue;
		if (thread->start_ns <= time_ns)
			return thread->end_ns && thread->end_ns < time_ns ? NULL : thread;
		best = thread;
	}
	/* All records of the ID are later than time_ns. Take the oldest thread, unless its start contradicts that. */
	return best && !best->start_ns ? best : NULL;
}

static bool is_on_cpu(const struct off_cpu_thread *thread, uint64_t time_ns)
{
	uint32_t at = off_cpu_find(thread, time_ns);

	return at == thread->count || thread->list[at].kind != OFF_CPU_ONE ||
	       thread->list[at].from_ns >= time_ns;
}

/* When the thread got the CPU that it runs on at time_ns. */
static uint64_t on_cpu_since_ns(const struct off_cpu_thread *thread, uint64_t time_ns)
{
	uint32_t at = off_cpu_find(thread, time_ns);

	return at ? thread->list[at - 1].until_ns : thread->followed_from_ns;
}

static bool is_alive(const struct off_cpu_thread *thread, uint64_t time_ns)
{
	return thread->followed_from_ns <= time_ns &&
	       (!thread->end_ns || thread->end_ns >= time_ns);
}

const struct off_cpu_thread *off_cpu_next(const struct off_cpu_table *table,
					  const struct off_cpu_thread *previous)
{
	size_t bucket = previous ? previous->host_tid % BUCKETS + 1 : 0;

	if (previous && previous->next)
		return previous->next;
	while (bucket < BUCKETS && !table->buckets[bucket])
		bucket++;
	return bucket < BUCKETS ? table->buckets[bucket] : NULL;
}

const struct off_cpu_thread *off_cpu_thread_of(const struct off_cpu_table *table, uint32_t host_pid,
					       uint32_t tid, uint64_t time_ns)
{
	const struct off_cpu_thread *main = off_cpu_thread(table, host_pid, time_ns), *best = NULL;

	if (!tid && main && is_on_cpu(main, time_ns))
		return main;
	for (const struct off_cpu_thread *thread = off_cpu_next(table, NULL); thread;
	     thread = off_cpu_next(table, thread)) {
		if (thread->host_pid != host_pid || !is_alive(thread, time_ns))
			continue;
		if (tid && thread->tid == tid)
			return thread;
		if (tid || !thread->has_records || !is_on_cpu(thread, time_ns))
			continue;
		if (!best || on_cpu_since_ns(thread, time_ns) > on_cpu_since_ns(best, time_ns))
			best = thread;
	}
	return best ? best : main;
}

const struct off_cpu_thread *off_cpu_thread_seen_as(const struct off_cpu_table *table, uint32_t tid,
						    uint64_t time_ns)
{
	const struct off_cpu_thread *first = NULL;

	for (const struct off_cpu_thread *thread = off_cpu_next(table, NULL); thread;
	     thread = off_cpu_next(table, thread))
		if (thread->tid == tid && !thread->outside &&
		    (!thread->end_ns || thread->end_ns > time_ns) &&
		    (!first || thread->followed_from_ns < first->followed_from_ns))
			first = thread;
	return first;
}

/* -- Entries --------------------------------------------------------------------------------------- */

uint32_t off_cpu_find(const struct off_cpu_thread *thread, uint64_t time_ns)
{
	uint32_t low = 0, high = thread->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (thread->list[middle].until_ns > time_ns)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void resize(struct off_cpu_table *table, struct off_cpu_thread *thread, uint32_t capacity)
{
	table->used_bytes -= thread->capacity * sizeof(*thread->list);
	table->used_bytes += capacity * sizeof(*thread->list);
	thread->capacity = capacity;
	thread->list = xreallocarray(thread->list, capacity, sizeof(*thread->list));
}

/* Merges the shares of a wait into those of a sum, weighted by their lengths. */
static void merge_shares(struct off_cpu *sum, const struct off_cpu *more)
{
	uint64_t both_ns = sum->wait_ns + more->wait_ns;

	for (unsigned class = 0; both_ns && class < WAIT_CLASSES; class ++)
		sum->shares[class] =
			(uint16_t)(((unsigned __int128)sum->shares[class] * sum->wait_ns +
				    (unsigned __int128)more->shares[class] * more->wait_ns) /
				   both_ns);
}

static void merge(struct off_cpu *sum, const struct off_cpu *more)
{
	merge_shares(sum, more);
	if (more->asleep_ns > sum->asleep_ns) {
		sum->waker_host_tid = more->waker_host_tid;
		sum->how = more->how;
		sum->flags = more->flags;
		sum->call = more->call;
	}
	if (more->culprit && (!sum->culprit || more->wait_ns > sum->wait_ns)) {
		sum->culprit = more->culprit;
		sum->culprit_share = more->culprit_share;
	}
	sum->asleep_ns += more->asleep_ns;
	sum->wait_ns += more->wait_ns;
	sum->until_ns = more->until_ns;
	sum->kind = OFF_CPU_SUM;
}

/* Merges the thread's entries that are shorter than floor_ns and ended before before_ns into sums. */
static void sum_up(struct off_cpu_table *table, struct off_cpu_thread *thread, uint64_t floor_ns,
		   uint64_t before_ns)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < thread->count; i++) {
		const struct off_cpu *entry = &thread->list[i];
		struct off_cpu *sum = kept ? &thread->list[kept - 1] : NULL;
		uint64_t length_ns = entry->until_ns - entry->from_ns;
		bool is_small = entry->kind != OFF_CPU_LOST && entry->until_ns < before_ns &&
				(entry->kind == OFF_CPU_SUM || length_ns < floor_ns);

		if (is_small && sum && sum->kind == OFF_CPU_SUM &&
		    entry->until_ns - sum->from_ns <= SUM_LENGTH * floor_ns) {
			merge(sum, entry);
			continue;
		}
		thread->list[kept] = *entry;
		if (is_small)
			thread->list[kept].kind = OFF_CPU_SUM;
		kept++;
	}
	thread->count = kept;
	if (thread->end_ns && thread->capacity > kept)
		resize(table, thread, kept);
	else if (thread->capacity > kept + kept / 4 + FIRST_ENTRIES)
		resize(table, thread, kept + kept / 4 + 1);
}

static void sum_all_up(struct off_cpu_table *table, uint64_t floor_ns, uint64_t before_ns)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct off_cpu_thread *thread = table->buckets[i]; thread;
		     thread = thread->next)
			if (thread->count)
				sum_up(table, thread, floor_ns, before_ns);
}

/*
 * Frees half of the memory, so that it rarely has to run: it looks at every entry. The floor of the old entries doubles only
 * if those that have become old since the last time do not fit below it: so it grows with the length of the run.
 */
static void make_room(struct off_cpu_table *table)
{
	const size_t enough = table->bytes / 2;

	table->coarse_until_ns = recent_ns(table);
	table->floor_ns = MAX(table->floor_ns, FLOOR_FIRST_NS);
	sum_all_up(table, table->floor_ns, table->coarse_until_ns);
	while (table->used_bytes > enough && table->floor_ns < FLOOR_OLD_MAX_NS) {
		table->floor_ns *= 2;
		sum_all_up(table, table->floor_ns, table->coarse_until_ns);
	}
	if (table->used_bytes > enough)
		drop_ended(table, true, table->coarse_until_ns);
	for (uint64_t floor_ns = FLOOR_FIRST_NS;
	     table->used_bytes > enough && floor_ns <= FLOOR_MAX_NS; floor_ns *= 2) {
		sum_all_up(table, floor_ns, UINT64_MAX);
		table->recent_floor_ns = floor_ns;
		table->recent_until_ns = table->newest_ns;
	}
	for (uint64_t age_ns = RECENT_NS / 2; table->used_bytes > enough && age_ns; age_ns /= 2)
		drop_ended(table, true, table->newest_ns - MIN(table->newest_ns, age_ns));
}

/* What the thread did until until_ns is unknown: there is no room for the entry. */
static void refuse(struct off_cpu_table *table, struct off_cpu_thread *thread, uint64_t until_ns)
{
	struct off_cpu *last = thread->count ? &thread->list[thread->count - 1] : NULL;

	table->refused++;
	if (last)
		*last = (struct off_cpu){
			.kind = OFF_CPU_LOST, .from_ns = last->from_ns, .until_ns = until_ns};
	else
		thread->followed_from_ns = until_ns;
}

static void append(struct off_cpu_table *table, struct off_cpu_thread *thread,
		   const struct off_cpu *entry)
{
	if (thread->count == thread->capacity) {
		if (table->used_bytes >= table->bytes)
			make_room(table);
		if (table->used_bytes >= table->bytes) {
			refuse(table, thread, entry->until_ns);
			return;
		}
	}
	if (thread->count == thread->capacity)
		resize(table, thread,
		       thread->capacity ? thread->capacity + thread->capacity / 2 : FIRST_ENTRIES);
	thread->list[thread->count++] = *entry;
	table->newest_ns = MAX(table->newest_ns, entry->until_ns);
}

/* -- Culprits: a table of names ---------------------------------------------------------------------- */

static uint16_t name_culprit(struct off_cpu_table *table, const struct off_cpu_culprit *culprit)
{
	uint32_t at = culprit->host_pid * 2654435761u;

	for (unsigned tries = 0; culprit->ns && tries < 16; tries++, at++) {
		struct off_cpu_culprit *named = &table->culprits[at % CULPRITS];

		if (!table->named[at % CULPRITS]) {
			table->named[at % CULPRITS] = true;
			*named = *culprit;
			return (uint16_t)(at % CULPRITS + 1);
		}
		if (named->host_pid == culprit->host_pid && named->class == culprit->class &&
		    memcmp(named->comm, culprit->comm, COMM_BYTES) == 0)
			return (uint16_t)(at % CULPRITS + 1);
	}
	return 0;
}

const struct off_cpu_culprit *off_cpu_culprit(const struct off_cpu_table *table, uint16_t culprit)
{
	return culprit ? &table->culprits[culprit - 1] : NULL;
}

/* -- Records --------------------------------------------------------------------------------------- */

uint16_t off_cpu_share(uint64_t part_ns, uint64_t whole_ns)
{
	if (!whole_ns)
		return 0;
	part_ns = MIN(part_ns, whole_ns);
	return (uint16_t)((unsigned __int128)part_ns * OFF_CPU_SHARE_WHOLE / whole_ns);
}

/*
 * The kernel side reads the clocks of the classes at other moments than the start and the end of the wait, so their sum may
 * exceed the wait. Only their ratios count.
 */
static void set_shares(struct off_cpu *entry, const uint64_t *wait_ns)
{
	uint64_t all_ns = 0;
	uint32_t given = 0;

	for (unsigned class = 0; class < WAIT_CLASSES; class ++)
		all_ns += MIN(wait_ns[class], UINT64_MAX / WAIT_CLASSES);
	for (unsigned class = 0; class < WAIT_CLASSES; class ++) {
		/* If the sum falls short of the wait, the rest is unknown. */
		entry->shares[class] = off_cpu_share(MIN(wait_ns[class], UINT64_MAX / WAIT_CLASSES),
						     MAX(all_ns, entry->wait_ns));
		given += entry->shares[class];
	}
	if (entry->wait_ns)
		entry->shares[BEHIND_UNKNOWN] += (uint16_t)(OFF_CPU_SHARE_WHOLE - given);
}

/*
 * Adds the time between two records, in which the thread ran or was off its CPU for short times that the record sums up.
 * Time beyond these sums is hidden: the scheduler did not let the thread run, and no event shows why.
 */
static void add_sum(struct off_cpu_table *table, struct off_cpu_thread *thread,
		    const struct record_off_cpu *record, uint64_t since_ns)
{
	struct off_cpu sum = {
		.kind = OFF_CPU_SUM, .from_ns = since_ns, .until_ns = record->from_ns};
	uint64_t left_ns = record->from_ns - since_ns, wait_ns[WAIT_CLASSES] = {0}, hidden_ns;

	sum.asleep_ns = MIN((uint64_t)record->short_sleep_ns, left_ns);
	left_ns -= sum.asleep_ns;
	for (unsigned class = 0; class < WAIT_CLASSES; class ++) {
		wait_ns[class] = MIN((uint64_t)record->short_wait_ns[class], left_ns);
		left_ns -= wait_ns[class];
		sum.wait_ns += wait_ns[class];
	}
	hidden_ns = left_ns - MIN(record->ran_ns, left_ns);
	if (hidden_ns) {
		uint64_t stolen_ns = MIN(record->stolen_ns, hidden_ns);

		wait_ns[BEHIND_STEAL] += stolen_ns;
		sum.wait_ns += stolen_ns;
		hidden_ns -= stolen_ns;
	}
	/* The times come from different clocks: ignore a small difference. */
	if (hidden_ns > NSEC_PER_MSEC && hidden_ns > left_ns / 8) {
		wait_ns[BEHIND_UNKNOWN] += hidden_ns;
		sum.wait_ns += hidden_ns;
	}
	if (!sum.asleep_ns && !sum.wait_ns)
		return;
	set_shares(&sum, wait_ns);
	sum.waker_host_tid = record->short_waker_host_tid;
	sum.how = record->short_how;
	sum.flags = record->short_flags;
	sum.call = -1;
	append(table, thread, &sum);
}

/* A thread that is out of its quota could not have run, whoever had the CPU: that time replaces other classes (model/cause.c). */
static void replace_throttled(uint64_t *wait_ns, uint64_t whole_ns)
{
	static const enum wait_class order[] = {BEHIND_IDLE,   BEHIND_UNKNOWN, BEHIND_OUTSIDE,
						BEHIND_KERNEL, BEHIND_INSIDE,  BEHIND_IRQ,
						BEHIND_STEAL};
	uint64_t throttled_ns = MIN(wait_ns[BEHIND_THROTTLED], whole_ns), unknown_ns = whole_ns;

	wait_ns[BEHIND_THROTTLED] = throttled_ns;
	for (unsigned class = 0; class < WAIT_CLASSES; class ++)
		if (class != BEHIND_THROTTLED)
			unknown_ns -= MIN(wait_ns[class], unknown_ns);
	throttled_ns -= MIN(throttled_ns, unknown_ns);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		uint64_t taken_ns = MIN(wait_ns[order[i]], throttled_ns);

		wait_ns[order[i]] -= taken_ns;
		throttled_ns -= taken_ns;
	}
}

static void add_one(struct off_cpu_table *table, struct off_cpu_thread *thread,
		    const struct record_off_cpu *record, uint64_t from_ns)
{
	struct off_cpu_culprit culprit = record->culprit;
	uint64_t wait_ns[WAIT_CLASSES];
	uint64_t woken_ns = MAX(record->woken_ns, from_ns);
	struct off_cpu one = {
		.kind = OFF_CPU_ONE,
		.from_ns = from_ns,
		.until_ns = record->header.time_ns,
		.asleep_ns = woken_ns - from_ns,
		.wait_ns = record->header.time_ns - woken_ns,
		.waker_host_tid = record->waker_host_tid,
		.call = record->call,
		.how = record->how,
		.flags = record->flags,
	};

	memcpy(wait_ns, record->wait_ns, sizeof(wait_ns));
	replace_throttled(wait_ns, one.wait_ns);
	set_shares(&one, wait_ns);
	culprit.ns = MIN(culprit.ns, one.wait_ns - wait_ns[BEHIND_THROTTLED]);
	one.culprit = name_culprit(table, &culprit);
	one.culprit_share = off_cpu_share(culprit.ns, one.wait_ns);
	append(table, thread, &one);
}

/* Adds a waker that has no records: only its name is known. A record of its own does not say that it is a kernel thread. */
static void name_waker(struct off_cpu_table *table, const struct record_off_cpu *record)
{
	struct off_cpu_thread *waker = latest(table, record->waker_host_tid);

	if (waker && record->how == WOKEN_BY_KERNEL)
		waker->kernel = true;
	if (!record->waker_host_tid || waker)
		return;
	waker = add_thread(table, record->waker_host_tid, record->waker_host_pid);
	if (!waker)
		return;
	waker->outside = true;
	waker->kernel = record->how == WOKEN_BY_KERNEL;
	waker->followed_from_ns = record->woken_ns;
	memcpy(waker->comm, record->waker_comm, COMM_BYTES);
}

static struct off_cpu_thread *thread_of(struct off_cpu_table *table,
					const struct record_off_cpu *record)
{
	struct off_cpu_thread *thread = latest(table, record->id.host_tid);

	if (thread && thread->end_ns && record->header.time_ns <= thread->end_ns)
		return NULL;
	/* The ID belonged to another thread: the kernel reused it, or an exec from another thread took it over. */
	if (!thread || thread->end_ns)
		thread = add_thread(table, record->id.host_tid, record->id.host_pid);
	if (!thread)
		return NULL;
	if (!thread->has_records) {
		thread->followed_from_ns = record->since_ns;
		thread->outside = record->header.group != 0;
	}
	thread->has_records = true;
	memcpy(thread->comm, record->comm, COMM_BYTES);
	return thread;
}

bool off_cpu_record(struct off_cpu_table *table, const struct record_off_cpu *record)
{
	const uint64_t now_ns = record->header.time_ns;
	uint64_t since_ns = record->since_ns, from_ns = record->from_ns, last_ns;
	struct off_cpu_thread *thread;

	if (since_ns > from_ns || from_ns > record->woken_ns || record->woken_ns > now_ns ||
	    record->how >= WAKE_HOWS || now_ns > INT64_MAX)
		return false;
	name_waker(table, record);
	thread = thread_of(table, record);
	if (!thread)
		return true;
	last_ns = thread->count ? thread->list[thread->count - 1].until_ns
				: thread->followed_from_ns;
	/* A record in between was lost. */
	if (last_ns && last_ns < since_ns) {
		const struct off_cpu lost = {
			.kind = OFF_CPU_LOST, .from_ns = last_ns, .until_ns = since_ns};

		append(table, thread, &lost);
	}
	since_ns = MAX(since_ns, last_ns);
	if (since_ns < from_ns)
		add_sum(table, thread, record, since_ns);
	from_ns = MAX(from_ns, since_ns);
	if (from_ns < now_ns)
		add_one(table, thread, record, from_ns);
	return true;
}

void off_cpu_goes_on(struct off_cpu_table *table, uint32_t host_tid, uint64_t from_ns,
		     uint64_t woken_ns, uint64_t now_ns)
{
	struct off_cpu_thread *thread = latest(table, host_tid);
	struct off_cpu entry = {.kind = OFF_CPU_ONE, .until_ns = now_ns, .call = -1};

	if (!thread || thread->end_ns)
		return;
	if (thread->count)
		from_ns = MAX(from_ns, thread->list[thread->count - 1].until_ns);
	if (from_ns >= now_ns)
		return;
	woken_ns = woken_ns ? MIN(MAX(woken_ns, from_ns), now_ns) : now_ns;
	entry.from_ns = from_ns;
	entry.asleep_ns = woken_ns - from_ns;
	entry.wait_ns = now_ns - woken_ns;
	entry.how = woken_ns < now_ns ? WOKEN_BY_NOBODY : WOKEN_UNSEEN;
	set_shares(&entry, (const uint64_t[WAIT_CLASSES]){0});
	append(table, thread, &entry);
}

/* -- File system calls ------------------------------------------------------------------------------- */

void off_cpu_blocked(struct off_cpu_table *table, uint32_t host_tid, struct off_cpu_block block,
		     const struct off_cpu_culprit *culprit)
{
	struct off_cpu_thread *thread = latest(table, host_tid);

	if (!thread || block.from_ns > block.until_ns)
		return;
	if (thread->block_count == BLOCKS_MAX) {
		thread->block_count /= 2;
		memmove(thread->blocks, thread->blocks + BLOCKS_MAX - thread->block_count,
			thread->block_count * sizeof(*thread->blocks));
	}
	if (thread->block_count == thread->block_capacity) {
		thread->block_capacity = MAX(thread->block_capacity * 2, 4u);
		thread->blocks = xreallocarray(thread->blocks, thread->block_capacity,
					       sizeof(*thread->blocks));
	}
	block.culprit = name_culprit(table, culprit);
	thread->blocks[thread->block_count++] = block;
}

const struct off_cpu_block *off_cpu_block_at(const struct off_cpu_thread *thread, uint64_t time_ns)
{
	for (uint32_t i = thread->block_count; i-- > 0;)
		if (thread->blocks[i].from_ns <= time_ns && time_ns < thread->blocks[i].until_ns)
			return &thread->blocks[i];
	return NULL;
}

uint64_t off_cpu_floor_ns(const struct off_cpu_table *table, uint64_t from_ns)
{
	uint64_t floor_ns = from_ns < table->coarse_until_ns ? table->floor_ns : 0;

	return from_ns < table->recent_until_ns ? MAX(floor_ns, table->recent_floor_ns) : floor_ns;
}

uint64_t off_cpu_forgotten_ns(const struct off_cpu_table *table)
{
	return table->forgotten_ns;
}

uint64_t off_cpu_refused(const struct off_cpu_table *table)
{
	return table->refused;
}
