/* The tree of processes: finds a process and its ancestors by PID and time, until no message of it can arrive any more. */
#include "spans/lineage.h"

#include <stdlib.h>

#include "base/util.h"
#include "spans/printed_test.h"

/* -- The table: it holds a reference to each traced process until it is final -------------------- */

static struct lineage **host_bucket(struct lineage_table *table, uint32_t host_pid)
{
	return &table->by_host[host_pid % LINEAGE_BUCKETS];
}

static struct lineage **pid_bucket(struct lineage_table *table, uint32_t pid)
{
	return &table->by_pid[pid % LINEAGE_BUCKETS];
}

static void add_by_host(struct lineage_table *table, struct lineage *process)
{
	struct lineage **bucket = host_bucket(table, process->host_pid);

	process->next_by_host = *bucket;
	*bucket = process;
}

static struct lineage *add(struct lineage_table *table, uint32_t host_pid, uint32_t pid,
			   uint64_t start_ns)
{
	struct lineage *process = xcalloc(1, sizeof(*process));
	struct lineage **bucket = pid_bucket(table, pid);

	process->references = 1;
	process->host_pid = host_pid;
	process->pid = pid;
	process->start_ns = start_ns;
	process->next_by_pid = *bucket;
	*bucket = process;
	if (host_pid)
		add_by_host(table, process);
	return process;
}

static void remove_from_table(struct lineage_table *table, struct lineage *process)
{
	struct lineage **link = pid_bucket(table, process->pid);

	while (*link && *link != process)
		link = &(*link)->next_by_pid;
	if (*link)
		*link = process->next_by_pid;
	if (!process->host_pid)
		return;
	link = host_bucket(table, process->host_pid);
	while (*link && *link != process)
		link = &(*link)->next_by_host;
	if (*link)
		*link = process->next_by_host;
}

struct lineage *lineage_ref(struct lineage *process)
{
	if (process)
		process->references++;
	return process;
}

/* The lists are empty by now, as each span in them holds a reference to the process. */
static void free_process(struct lineage *process)
{
	printed_free(process->printed);
	free(process->open.entries);
	free(process->paused.entries);
	free(process);
}

void lineage_unref(struct lineage_table *table, struct lineage *process)
{
	while (process && --process->references == 0) {
		struct lineage *parent = process->parent;

		if (!process->is_final)
			remove_from_table(table, process);
		free_process(process);
		process = parent;
	}
}

/* -- Looking up ------------------------------------------------------------------------------------ */

/*
 * Of several processes that had a PID one after the other, the last one that had started by time_ns. Times of different
 * sources differ a little, so a time before all of them means the first one.
 */
static struct lineage *better(struct lineage *best, struct lineage *other, uint64_t time_ns)
{
	bool best_had_begun = best && best->start_ns <= time_ns;
	bool other_had_begun = other->start_ns <= time_ns;

	if (!best || best_had_begun != other_had_begun)
		return !best || other_had_begun ? other : best;
	return (other->start_ns > best->start_ns) == best_had_begun ? other : best;
}

bool lineage_has_traced(const struct lineage_table *table, uint32_t pid)
{
	for (const struct lineage *process = table->by_pid[pid % LINEAGE_BUCKETS]; process;
	     process = process->next_by_pid)
		if (process->pid == pid && process->host_pid)
			return true;
	return false;
}

struct lineage *lineage_of_host(const struct lineage_table *table, uint32_t host_pid,
				uint64_t time_ns)
{
	struct lineage *best = NULL;

	if (!host_pid)
		return NULL;
	for (struct lineage *process = table->by_host[host_pid % LINEAGE_BUCKETS]; process;
	     process = process->next_by_host)
		if (process->host_pid == host_pid)
			best = better(best, process, time_ns);
	return best;
}

static struct lineage *of_pid(const struct lineage_table *table, uint32_t pid, uint64_t time_ns)
{
	struct lineage *best = NULL;

	if (!pid)
		return NULL;
	for (struct lineage *process = table->by_pid[pid % LINEAGE_BUCKETS]; process;
	     process = process->next_by_pid)
		if (process->pid == pid)
			best = better(best, process, time_ns);
	return best;
}

struct lineage *lineage_of_sender(struct lineage_table *table, uint32_t pid, uint64_t time_ns)
{
	struct lineage *process = of_pid(table, pid, time_ns);

	return process ? lineage_ref(process) : add(table, 0, pid, time_ns);
}

bool lineage_is_traced(const struct lineage_table *table, uint32_t pid, uint32_t uid,
		       uint64_t time_ns)
{
	const struct lineage *process = of_pid(table, pid, time_ns);

	/* Another process may have the PID of an ended one by now; the UID limits the mistake to processes of the same user. */
	return process && process->host_pid && (!process->end_ns || process->uid == uid);
}

static void set_parent(struct lineage_table *table, struct lineage *process, struct lineage *parent)
{
	struct lineage *old = process->parent;

	/* PIDs may be outdated and senders may lie: refuse a parent that would make a circle. */
	for (struct lineage *up = parent; up; up = up->parent)
		if (up == process)
			return;
	process->parent = lineage_ref(parent);
	lineage_unref(table, old);
}

struct lineage *lineage_parent(struct lineage_table *table, struct lineage *process)
{
	while (process->parent && process->parent->is_final)
		set_parent(table, process, process->parent->parent);
	return process->parent;
}

/* -- Starts and ends ------------------------------------------------------------------------------- */

void lineage_started(struct lineage_table *table, uint32_t host_pid, uint32_t pid, uint32_t ppid,
		     uint64_t start_ns)
{
	struct lineage *process = of_pid(table, pid, start_ns);

	/* A message of the process arrived before its start. */
	if (process && !process->host_pid) {
		process->host_pid = host_pid;
		process->start_ns = start_ns;
		lineage_ref(process);
		add_by_host(table, process);
	} else {
		process = add(table, host_pid, pid, start_ns);
	}
	if (ppid != pid)
		set_parent(table, process, of_pid(table, ppid, start_ns));
}

void lineage_forked(struct lineage_table *table, uint32_t host_pid, uint32_t creator_host_pid,
		    uint64_t time_ns)
{
	struct lineage *process = lineage_of_host(table, host_pid, time_ns);
	struct lineage *creator = lineage_of_host(table, creator_host_pid, time_ns);

	if (process && creator && process != creator && process->parent != creator)
		set_parent(table, process, creator);
}

struct lineage *lineage_ended(struct lineage_table *table, uint32_t host_pid, uint64_t end_ns,
			      bool failed)
{
	struct lineage *process = lineage_of_host(table, host_pid, end_ns);

	if (!process || process->end_ns)
		return NULL;
	process->end_ns = MAX(end_ns, UINT64_C(1)); /* 0 means alive: the process would end twice */
	process->failed = failed;
	return process;
}

void lineage_finalize(struct lineage_table *table, struct lineage *process)
{
	remove_from_table(table, process);
	process->is_final = true;
	/* Else a chain of processes, each forked by the one before, would grow forever. */
	lineage_parent(table, process);
	lineage_unref(table, process);
}

static void for_each(struct lineage_table *table,
		     void (*apply)(struct lineage_table *table, struct lineage *process))
{
	for (unsigned i = 0; i < LINEAGE_BUCKETS; i++) {
		struct lineage *next;

		for (struct lineage *process = table->by_pid[i]; process; process = next) {
			next = process->next_by_pid;
			apply(table, process);
		}
	}
}

static void hold(struct lineage_table *table, struct lineage *process)
{
	(void)table;
	lineage_ref(process);
}

static void forget_parent(struct lineage_table *table, struct lineage *process)
{
	lineage_unref(table, steal_ptr(process->parent));
}

static void free_one(struct lineage_table *table, struct lineage *process)
{
	(void)table;
	free_process(process);
}

void lineage_free(struct lineage_table *table)
{
	/* Hold each process, so that none is freed while the list is walked; final ones go with their last child. */
	for_each(table, hold);
	for_each(table, forget_parent);
	for_each(table, free_one);
}
