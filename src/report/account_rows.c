/* The account of a test, as a report has it: where its time went, and through whom. */
#include "report/account_rows.h"

#include "model/sleep_calls.h"
#include "report/fill.h"

static struct report_account_thread *fill_thread(struct arena *memory,
						 const struct account_who *who)
{
	struct report_account_thread *row;

	if (!who->host_tid)
		return NULL;
	row = arena_alloc(memory, 1, sizeof(*row));
	*row = (struct report_account_thread){
		.pid = who->host_pid,
		.tid = who->host_tid,
		.comm = fill_comm(memory, who->comm),
		.outside = who->outside,
	};
	return row;
}

static void fill_share(struct arena *memory, const struct account_share *share,
		       struct report_account_share *row)
{
	*row = (struct report_account_share){
		.part = {part_catalog[share->part].name, (int)share->part},
		.ns = share->ns,
		.who = fill_thread(memory, &share->who),
		.culprit = fill_thread(memory, &share->culprit),
		.waker = fill_thread(memory, &share->waker),
		.culprit_ns = known_u64(share->culprit_ns, share->culprit.host_tid != 0),
		.culprit_realtime = share->culprit_policy == POLICY_FIFO ||
				    share->culprit_policy == POLICY_RR,
		.call = sleep_call_find(share->call).name,
	};
}

static void fill_step(struct arena *memory, const struct account_step *step, uint64_t start_ns,
		      struct report_account_step *row)
{
	*row = (struct report_account_step){
		.start_ns = offset_ns(step->from_ns, start_ns),
		.duration_ns = step->until_ns - step->from_ns,
		.part = {part_catalog[step->part].name, (int)step->part},
		.who = fill_thread(memory, &step->who),
		.depth = step->depth,
	};
}

struct report_account *account_rows(struct arena *memory, const struct account *account,
				    const struct run_facts *facts)
{
	struct report_account *row;
	struct gauged gauged;

	if (!account)
		return NULL;
	gauged = timeline_gauged(&facts->timeline, account->from_ns, account->until_ns);
	row = arena_alloc(memory, 1, sizeof(*row));
	*row = (struct report_account){
		.own_sleep_ns = account->own_sleep_ns,
		.floor_ns = account->floor_ns,
		.cut = account->cut,
		.gauge_ns = rounded(gauged.ns),
	};
	memcpy(row->ns, account->ns, sizeof(row->ns));
	row->shares.count = account->share_count;
	row->shares.list = arena_alloc(memory, row->shares.count, sizeof(*row->shares.list));
	for (size_t i = 0; i < row->shares.count; i++)
		fill_share(memory, &account->shares[i], &row->shares.list[i]);
	row->path.count = account->step_count;
	row->path.list = arena_alloc(memory, row->path.count, sizeof(*row->path.list));
	for (size_t i = 0; i < row->path.count; i++)
		fill_step(memory, &account->steps[i], facts->start_ns, &row->path.list[i]);
	return row;
}
