/* Which process ran what is known to have run at a time: only if no other one can have */
#include "spans/told_place.h"

#include <stdlib.h>

#include "base/util.h"
#include "model/off_cpu.h"
#include "spans/span_message.h"

/* Each place looks at all processes. What is beyond these limits is not placed. */
#define PROCESSES_MAX 20000
#define LOOKS_MAX     UINT64_C(500000000)
#define LINE_MAX      64

struct told_process {
	uint32_t host_pid, parent; /* parent 0: not a process of the run */
	uint64_t start_ns, end_ns; /* start 0: before all; end UINT64_MAX: alive */
};

struct told_places {
	struct told_process *list; /* owned */
	size_t count;
	uint64_t forgotten_ns; /* what ended before may be missing */
	bool is_whole;
	uint64_t looks;
};

static bool is_of_run(const struct off_cpu_thread *thread)
{
	return thread->has_records && !thread->outside && !thread->kernel &&
	       strncmp(thread->comm, SPAN_HELPER_COMM, sizeof(SPAN_HELPER_COMM)) != 0;
}

static uint32_t parent_of(const struct off_cpu_table *table, const struct off_cpu_thread *thread)
{
	const struct off_cpu_thread *creator =
		off_cpu_thread(table, thread->creator_host_tid, thread->start_ns);

	return creator && is_of_run(creator) ? creator->host_pid : 0;
}

struct told_places *told_places_new(const struct off_cpu_table *table)
{
	struct told_places *places = xcalloc(1, sizeof(*places));

	places->forgotten_ns = off_cpu_forgotten_ns(table);
	places->is_whole = !off_cpu_refused(table);
	for (const struct off_cpu_thread *thread = off_cpu_next(table, NULL);
	     thread && places->is_whole; thread = off_cpu_next(table, thread)) {
		if (thread->host_tid != thread->host_pid || !is_of_run(thread))
			continue;
		places->list = grow_array(places->list, places->count, sizeof(*places->list));
		places->list[places->count++] = (struct told_process){
			.host_pid = thread->host_pid,
			.parent = parent_of(table, thread),
			.start_ns = thread->start_ns,
			.end_ns = thread->end_ns ? thread->end_ns : UINT64_MAX,
		};
		places->is_whole = places->count < PROCESSES_MAX;
	}
	return places;
}

struct told_places *told_places_free(struct told_places *places)
{
	if (places)
		free(places->list);
	free(places);
	return NULL;
}

static bool lived_at(const struct told_process *process, uint64_t time_ns)
{
	return process->start_ns <= time_ns && process->end_ns > time_ns;
}

/* The process that had this PID at a time; NULL: none of the run. */
static const struct told_process *process_at(const struct told_places *places, uint32_t host_pid,
					     uint64_t time_ns)
{
	for (size_t i = 0; host_pid && i < places->count; i++)
		if (places->list[i].host_pid == host_pid && lived_at(&places->list[i], time_ns))
			return &places->list[i];
	return NULL;
}

/* The processes that lived at a time, if each is the parent of the next one: the number; 0: they are not, or none did. */
static size_t line_at(const struct told_places *places, uint64_t time_ns,
		      const struct told_process *line[LINE_MAX])
{
	size_t alive = 0, length = 0;
	uint32_t above = 0;

	for (size_t i = 0; i < places->count; i++)
		alive += lived_at(&places->list[i], time_ns);
	if (alive > LINE_MAX)
		return 0;
	while (length < alive) {
		const struct told_process *next = NULL;

		for (size_t i = 0; i < places->count; i++) {
			const struct told_process *process = &places->list[i];

			if (!lived_at(process, time_ns) || process->parent != above)
				continue;
			if (next)
				return 0;
			next = process;
		}
		if (!next)
			return 0;
		line[length++] = next;
		above = next->host_pid;
	}
	return length;
}

static bool is_below(const struct told_places *places, const struct told_process *process,
		     const struct told_process *above)
{
	for (unsigned i = 0; i < LINE_MAX && process; i++) {
		if (process == above)
			return true;
		process = process_at(places, process->parent, process->start_ns);
	}
	return false;
}

bool told_place(struct told_places *places, uint64_t from_ns, uint64_t until_ns,
		uint32_t *ret_host_pid)
{
	const struct told_process *line[LINE_MAX];
	size_t length = 0;

	if (!places->is_whole || from_ns < places->forgotten_ns || places->looks > LOOKS_MAX)
		return false;
	places->looks += places->count;
	length = line_at(places, from_ns, line);
	while (length && line[length - 1]->end_ns < until_ns)
		length--;
	if (!length)
		return false;
	for (size_t i = 0; i < places->count; i++) {
		const struct told_process *process = &places->list[i];

		if (process->start_ns > from_ns && process->start_ns < until_ns &&
		    !is_below(places, process, line[length - 1]))
			return false;
	}
	*ret_host_pid = line[0]->host_pid;
	return true;
}
