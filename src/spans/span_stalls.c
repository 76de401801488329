/* The sums over the stalls of one span: counts, stalled time, causes, culprits. */
#include "spans/span_stalls.h"

#include <stdlib.h>

#include "base/util.h"

#define NS_MAX (UINT64_MAX >> 8)

/* -- Stalled time: a bounded union of intervals --------------------------------------------------- */

static void remove_intervals(struct span_stalls *stalls, unsigned from, unsigned count)
{
	stalls->interval_count -= count;
	memmove(stalls->intervals + from, stalls->intervals + from + count,
		(stalls->interval_count - from) * sizeof(stalls->intervals[0]));
}

static void cover(struct span_stalls *stalls, uint64_t start_ns, uint64_t end_ns)
{
	unsigned at = 0, merged = 0;

	start_ns = MAX(start_ns, stalls->floor_ns);
	if (start_ns >= end_ns)
		return;
	while (at < stalls->interval_count && stalls->intervals[at].end_ns < start_ns)
		at++;
	while (at + merged < stalls->interval_count &&
	       stalls->intervals[at + merged].start_ns <= end_ns) {
		start_ns = MIN(start_ns, stalls->intervals[at + merged].start_ns);
		end_ns = MAX(end_ns, stalls->intervals[at + merged].end_ns);
		merged++;
	}
	remove_intervals(stalls, at, merged);
	memmove(stalls->intervals + at + 1, stalls->intervals + at,
		(stalls->interval_count - at) * sizeof(stalls->intervals[0]));
	stalls->intervals[at] = (struct span_interval){start_ns, end_ns};
	if (++stalls->interval_count <= SPAN_INTERVALS)
		return;
	/* From now on no interval can be added before its end; only a very late stall would need that. */
	stalls->covered_ns += stalls->intervals[0].end_ns - stalls->intervals[0].start_ns;
	stalls->floor_ns = stalls->intervals[0].end_ns;
	remove_intervals(stalls, 0, 1);
}

uint64_t span_stalled_ns(const struct span *span)
{
	const struct span_stalls *stalls = span->stalls;
	uint64_t sum;

	if (!stalls)
		return 0;
	sum = stalls->covered_ns;
	for (unsigned i = 0; i < stalls->interval_count; i++)
		sum += stalls->intervals[i].end_ns - stalls->intervals[i].start_ns;
	return sum;
}

/* -- Culprits: exact up to SPAN_CULPRITS; beyond that the largest sums are likely to stay ----------- */

static void blame(struct span_stalls *stalls, const struct span_culprit *culprit)
{
	struct span_culprit *least = &stalls->culprits[0];

	for (unsigned i = 0; i < SPAN_CULPRITS; i++) {
		struct span_culprit *other = &stalls->culprits[i];

		if (other->ns && other->host_pid == culprit->host_pid &&
		    strncmp(other->comm, culprit->comm, COMM_BYTES) == 0) {
			other->ns += culprit->ns;
			return;
		}
		if (other->ns < least->ns)
			least = other;
	}
	if (least->ns < culprit->ns)
		*least = *culprit;
}

const struct span_culprit *span_culprit(const struct span *span)
{
	const struct span_culprit *largest = NULL;

	for (unsigned i = 0; span->stalls && i < SPAN_CULPRITS; i++) {
		const struct span_culprit *culprit = &span->stalls->culprits[i];

		if (culprit->ns && (!largest || culprit->ns > largest->ns))
			largest = culprit;
	}
	return largest;
}

enum cause span_cause(const struct span *span)
{
	enum cause largest = CAUSE_UNKNOWN;

	for (enum cause cause = 0; span->stalls && cause < CAUSES; cause++)
		if (span->stalls->cause_ns[cause] > span->stalls->cause_ns[largest])
			largest = cause;
	return largest;
}

/* -- Stalls --------------------------------------------------------------------------------------- */

static struct span_culprit *culprits_of(const struct span_stall *stall)
{
	return (struct span_culprit *)(stall->shares + stall->share_count);
}

struct span_stall *span_stall_new(struct stall *stall, struct lineage *process)
{
	size_t share_count = 0;
	size_t culprit_count = MIN(stall->culprits.count, (size_t)SPAN_CULPRITS);
	struct span_stall *queued;

	for (enum cause cause = 0; cause < CAUSES; cause++)
		share_count += stall->shares.ns[cause] != 0;
	queued = xmalloc(sizeof(*queued) + share_count * sizeof(struct span_share) +
			 culprit_count * sizeof(struct span_culprit));
	*queued = (struct span_stall){
		.stall = stall,
		.process = process,
		.start_ns = stall->start_ns,
		.end_ns = stall->start_ns + stall->duration_ns,
		.tid = stall->id.tid,
		.kind = stall->kind,
		.culprit_count = culprit_count,
	};
	for (enum cause cause = 0; cause < CAUSES; cause++)
		if (stall->shares.ns[cause])
			queued->shares[queued->share_count++] = (struct span_share){
				.cause = cause, .ns = MIN(stall->shares.ns[cause], NS_MAX)};
	for (size_t i = 0; i < culprit_count; i++) {
		const struct culprit *culprit = &stall->culprits.list[i];
		struct span_culprit *copy = &culprits_of(queued)[i];

		*copy = (struct span_culprit){
			.host_pid = culprit->host_pid,
			.where = culprit->where,
			.ns = culprit->ns,
		};
		memcpy(copy->comm, culprit->comm, COMM_BYTES);
	}
	return queued;
}

void span_stall_free(struct lineage_table *table, struct span_stall *stall)
{
	if (stall->stall)
		stall->stall->queued = NULL;
	lineage_unref(table, stall->process);
	free(stall);
}

void span_add_stall(struct span *span, const struct span_stall *stall)
{
	struct span_stalls *stalls = span->stalls;

	if (!stalls)
		stalls = span->stalls = xcalloc(1, sizeof(*stalls));
	stalls->count[stall->kind]++;
	stalls->kind_total_ns[stall->kind] += stall->end_ns - stall->start_ns;
	stalls->kind_max_ns[stall->kind] =
		MAX(stalls->kind_max_ns[stall->kind], stall->end_ns - stall->start_ns);
	stalls->max_ns = MAX(stalls->max_ns, stall->end_ns - stall->start_ns);
	for (unsigned i = 0; i < stall->share_count; i++)
		stalls->cause_ns[stall->shares[i].cause] += stall->shares[i].ns;
	for (unsigned i = 0; i < stall->culprit_count; i++)
		blame(stalls, &culprits_of(stall)[i]);
	/* A stall may begin before the span or outlast it: count only its time inside the span. */
	cover(stalls, MAX(stall->start_ns, span->start_ns),
	      span->ended ? MIN(stall->end_ns, span->end_ns) : stall->end_ns);
}
