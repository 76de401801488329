/* Whom a thread still waits for when its own time-out, or a signal, ends its sleep */
#include "spans/asked.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/util.h"
#include "model/sleep_calls.h"

#define CHAIN_MAX 4 /* as far as services are followed, and one more */

/* Since when a thread is runnable, and who made it so. */
struct request {
	uint64_t since_ns;
	uint32_t asker_host_tid; /* 0: unknown */
	bool is_sum; /* one of several wakeups; the asker is that of the longest sleep */
	uint64_t earliest_ns; /* since_ns, or when the sum begins */
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

/* Whether that wakeup was a step of the thread's own work: it moved to another CPU, or a page was read from a disk. */
static bool is_own_step(const struct off_cpu *entry)
{
	return entry->how == WOKEN_BY_KERNEL || entry->how == WOKEN_BY_BLOCK;
}

/*
 * What the thread works for at time_ns: who made it runnable, and since when. All zeros if that was before `earliest_ns`: a thread
 * that is preempted again and again has as many entries since then.
 */
static struct request request_at(const struct off_cpu_thread *thread, uint64_t time_ns,
				 uint64_t earliest_ns)
{
	uint32_t at = off_cpu_find(thread, time_ns);

	/* Include the entry in which it waits for a CPU at time_ns. */
	if (at < thread->count && thread->list[at].from_ns <= time_ns)
		at++;
	while (at--) {
		const struct off_cpu *entry = &thread->list[at];

		if (entry->kind == OFF_CPU_LOST || entry->until_ns < earliest_ns)
			return (struct request){0};
		/* It lost its CPU, and nobody woke it. */
		if (!entry->asleep_ns || is_own_step(entry))
			continue;
		if (entry->kind == OFF_CPU_SUM)
			return (struct request){MIN(entry->until_ns, time_ns),
						entry->waker_host_tid, true, entry->from_ns};
		return (struct request){woken_ns(entry), entry->waker_host_tid, false,
					woken_ns(entry)};
	}
	return (struct request){thread->start_ns, thread->creator_host_tid, false,
				thread->start_ns};
}

struct search {
	const struct off_cpu_table *table;
	const struct off_cpu_thread *sleeper; /* whom nobody on the way waits for */
	uint64_t until_ns;
};

static const struct off_cpu_thread *asked(const struct search *search,
					  const struct off_cpu_thread *asker, uint64_t since_ns,
					  uint64_t from_ns, unsigned chain);

/* Whether the thread, which was asked, still works at until_ns, or sleeps for somebody who does. */
static bool is_unfinished(const struct search *search, const struct off_cpu_thread *thread,
			  const struct request *request, unsigned chain)
{
	uint64_t last_ns = search->until_ns - 1;
	const struct off_cpu *sleep;

	if (thread->end_ns && thread->end_ns <= last_ns)
		return false;
	sleep = sleep_at(thread, last_ns);
	if (!sleep)
		return request_at(thread, last_ns, request->since_ns).since_ns <= request->since_ns;
	if (sleep_call_find(sleep->call).part == PART_CHILD)
		return asked_child(search->table, thread, search->until_ns);
	return chain && asked(search, thread, request->earliest_ns, sleep->from_ns, chain - 1);
}

/* Who woke the thread last before time_ns; 0: unknown. */
static uint32_t last_waker(const struct off_cpu_thread *thread, uint64_t time_ns)
{
	for (uint32_t at = off_cpu_find(thread, time_ns); at--;)
		if (thread->list[at].asleep_ns)
			return thread->list[at].waker_host_tid;
	return 0;
}

/*
 * Of short sleeps not all wakers are known. A service, or a thread of the same process, that has just talked with the asker is
 * taken to talk with it still; processes of the run, such as a test runner's, talk with many.
 */
static bool talks_with(const struct off_cpu_thread *thread, const struct off_cpu_thread *asker,
		       const struct request *request, uint64_t time_ns)
{
	return request->is_sum && (thread->outside || thread->host_pid == asker->host_pid) &&
	       last_waker(asker, time_ns) == thread->host_tid;
}

/* Whether the thread woke the asker between the two times. */
static bool has_answered(const struct off_cpu_thread *thread, const struct off_cpu_thread *asker,
			 uint64_t since_ns, uint64_t until_ns)
{
	for (uint32_t at = off_cpu_find(asker, since_ns);
	     at < asker->count && asker->list[at].until_ns <= until_ns; at++)
		if (asker->list[at].kind == OFF_CPU_ONE &&
		    asker->list[at].waker_host_tid == thread->host_tid)
			return true;
	return false;
}

static const struct off_cpu_thread *asked(const struct search *search,
					  const struct off_cpu_thread *asker, uint64_t since_ns,
					  uint64_t from_ns, unsigned chain)
{
	const struct off_cpu_thread *last = NULL, *sleeper = NULL;
	struct request last_request = {0}, sleeper_request = {0};

	for (const struct off_cpu_thread *thread = off_cpu_next(search->table, NULL); thread;
	     thread = off_cpu_next(search->table, thread)) {
		const struct off_cpu *sleep;
		struct request request, *latest;
		uint64_t earliest_ns;

		if (thread == asker || thread == search->sleeper || !thread->has_records)
			continue;
		sleep = sleep_at(thread, from_ns);
		/* A service passes requests on. Threads of the run, such as those of a test runner, also wake others unasked. */
		if (sleep && !thread->outside)
			continue;
		latest = sleep ? &sleeper_request : &last_request;
		earliest_ns = MAX(since_ns, latest->since_ns);
		request = request_at(thread, sleep ? MAX(sleep->from_ns, 1u) - 1 : from_ns,
				     earliest_ns);
		if (request.since_ns < earliest_ns || request.since_ns > from_ns)
			continue;
		if (!talks_with(thread, asker, &request, from_ns)) {
			if (request.asker_host_tid != asker->host_tid)
				continue;
			request.earliest_ns = request.since_ns;
		}
		*latest = request;
		*(sleep ? &sleeper : &last) = thread;
	}
	/* One that sleeps and has not answered: it never will, or it has itself asked somebody. */
	if (sleeper && sleeper_request.since_ns >= last_request.since_ns &&
	    !has_answered(sleeper, asker, sleeper_request.since_ns, from_ns)) {
		last = sleeper;
		last_request = sleeper_request;
	}
	/* If the one asked last is done, the asker may wait for that one, and for nobody who works. */
	return last && is_unfinished(search, last, &last_request, chain) ? last : NULL;
}

const struct off_cpu_thread *asked_unfinished(const struct off_cpu_table *table,
					      const struct off_cpu_thread *sleeper,
					      uint64_t since_ns, uint64_t from_ns,
					      uint64_t until_ns)
{
	const struct search search = {table, sleeper, until_ns};

	return asked(&search, sleeper, since_ns, from_ns, CHAIN_MAX);
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
