/* Whom a thread still waits for when its own time-out, or a signal, ends its sleep */
#include "spans/asked.h"

#include <stddef.h>

#include "base/util.h"

#define CHAIN_MAX 4 /* as far as services are followed, and one more */

/* Since when a thread is runnable, and who made it so. */
struct request {
	uint64_t since_ns;
	uint32_t asker_host_tid; /* 0: unknown */
};

static uint64_t woken_ns(const struct off_cpu *entry)
{
	return entry->from_ns + entry->asleep_ns;
}

/* The entry in which the thread is asleep at time_ns; NULL: it is runnable, or nothing is known. */
static const struct off_cpu *sleep_at(const struct off_cpu_thread *thread, uint64_t time_ns)
{
	uint32_t at = off_cpu_find(thread, time_ns);
	const struct off_cpu *entry = at < thread->count ? &thread->list[at] : NULL;

	return entry && entry->kind == OFF_CPU_ONE && entry->from_ns <= time_ns &&
			       time_ns < woken_ns(entry)
		       ? entry
		       : NULL;
}

/* What made the thread runnable at time_ns. */
static struct request request_at(const struct off_cpu_thread *thread, uint64_t time_ns)
{
	uint32_t at = off_cpu_find(thread, time_ns);

	/* Include the entry in which it waits for a CPU at time_ns. */
	if (at < thread->count && thread->list[at].from_ns <= time_ns)
		at++;
	while (at--) {
		const struct off_cpu *entry = &thread->list[at];

		if (entry->kind == OFF_CPU_LOST)
			return (struct request){0};
		/* It lost its CPU, and nobody woke it. */
		if (!entry->asleep_ns)
			continue;
		if (entry->kind == OFF_CPU_SUM)
			return (struct request){MIN(entry->until_ns, time_ns),
						entry->waker_host_tid};
		return (struct request){woken_ns(entry), entry->waker_host_tid};
	}
	return (struct request){thread->start_ns, thread->creator_host_tid};
}

static const struct off_cpu_thread *asked(const struct off_cpu_table *table,
					  const struct off_cpu_thread *asker, uint64_t since_ns,
					  uint64_t from_ns, uint64_t until_ns, unsigned chain);

/* Whether the thread, which was asked at asked_ns, still works at until_ns, or sleeps for somebody who does. */
static bool is_unfinished(const struct off_cpu_table *table, const struct off_cpu_thread *thread,
			  uint64_t asked_ns, uint64_t until_ns, unsigned chain)
{
	const struct off_cpu *sleep;

	if (thread->end_ns && thread->end_ns < until_ns)
		return false;
	sleep = sleep_at(thread, until_ns - 1);
	if (!sleep)
		return request_at(thread, until_ns - 1).since_ns <= asked_ns;
	return chain && asked(table, thread, asked_ns, sleep->from_ns, until_ns, chain - 1);
}

static const struct off_cpu_thread *asked(const struct off_cpu_table *table,
					  const struct off_cpu_thread *asker, uint64_t since_ns,
					  uint64_t from_ns, uint64_t until_ns, unsigned chain)
{
	const struct off_cpu_thread *last = NULL;
	uint64_t last_ns = 0;

	for (const struct off_cpu_thread *thread = off_cpu_next(table, NULL); thread;
	     thread = off_cpu_next(table, thread)) {
		struct request request;

		if (thread == asker || !thread->has_records || sleep_at(thread, from_ns))
			continue;
		request = request_at(thread, from_ns);
		if (request.asker_host_tid != asker->host_tid || request.since_ns < since_ns ||
		    request.since_ns > from_ns || request.since_ns < last_ns)
			continue;
		/* If it has asked somebody later who is done, and has not answered, it may wait for that one. */
		last_ns = request.since_ns;
		last = is_unfinished(table, thread, last_ns, until_ns, chain) ? thread : NULL;
	}
	return last;
}

const struct off_cpu_thread *asked_unfinished(const struct off_cpu_table *table,
					      const struct off_cpu_thread *sleeper,
					      uint64_t since_ns, uint64_t from_ns,
					      uint64_t until_ns)
{
	return asked(table, sleeper, since_ns, from_ns, until_ns, CHAIN_MAX);
}

uint64_t asked_wait_ns(const struct off_cpu_thread *thread, uint64_t from_ns, uint64_t until_ns)
{
	uint64_t sum_ns = 0;

	for (uint32_t at = off_cpu_find(thread, from_ns);
	     at < thread->count && thread->list[at].from_ns < until_ns; at++) {
		const struct off_cpu *entry = &thread->list[at];
		uint64_t start_ns =
			MAX(entry->kind == OFF_CPU_SUM ? entry->from_ns : woken_ns(entry), from_ns);
		uint64_t end_ns = MIN(entry->until_ns, until_ns);

		/* A sum is short and says only how much of it was waiting. */
		if (start_ns < end_ns && entry->kind != OFF_CPU_LOST)
			sum_ns += MIN(end_ns - start_ns, entry->wait_ns);
	}
	return sum_ns;
}

const struct off_cpu_thread *asked_child(const struct off_cpu_table *table,
					 const struct off_cpu_thread *sleeper, uint64_t time_ns)
{
	const struct off_cpu_thread *last = NULL;

	for (const struct off_cpu_thread *thread = off_cpu_next(table, NULL); thread;
	     thread = off_cpu_next(table, thread)) {
		const struct off_cpu_thread *creator;

		if (thread->host_tid != thread->host_pid || !thread->start_ns ||
		    thread->start_ns > time_ns || (thread->end_ns && thread->end_ns < time_ns) ||
		    (last && thread->start_ns < last->start_ns))
			continue;
		creator = off_cpu_thread(table, thread->creator_host_tid, thread->start_ns);
		if (creator && creator->host_pid == sleeper->host_pid && thread != sleeper)
			last = thread;
	}
	return last;
}
