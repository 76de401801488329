/* The model of a run: its thresholds and sums. */
#include "model/model.h"

#include "base/util.h"

uint64_t model_threshold_ns(const struct model *model, enum stall_kind kind)
{
	const uint64_t thresholds_ns[STALL_KINDS] = {
		[STALL_CPU] = model->cpu_threshold_ns,
		[STALL_IO] = model->io_threshold_ns,
		[STALL_HICCUP] = model->hiccup_threshold_ns,
	};

	return thresholds_ns[kind];
}

/* -- Sums ---------------------------------------------------------------------------------------- */

void wait_stats_add(struct wait_stats *sum, const struct wait_stats *more)
{
	sum->count += more->count;
	sum->total_ns += more->total_ns;
	sum->delivery_ns += more->delivery_ns;
	sum->max_ns = MAX(sum->max_ns, more->max_ns);
	hist_log2_merge(&sum->histogram, &more->histogram);
}

void thread_sums_add(struct thread_sums *sum, const struct thread_sums *more)
{
	wait_stats_add(&sum->waits, &more->waits);
	sum->run_delay_ns += more->run_delay_ns;
	sum->runtime_ns += more->runtime_ns;
	sum->reclaim_ns += more->reclaim_ns;
	sum->compaction_ns += more->compaction_ns;
	sum->user_ns += more->user_ns;
	sum->system_ns += more->system_ns;
	sum->io.count += more->io.count;
	sum->io.total_ns += more->io.total_ns;
	sum->io.max_ns = MAX(sum->io.max_ns, more->io.max_ns);
	sum->io.bytes_read += more->io.bytes_read;
	sum->io.bytes_written += more->io.bytes_written;
	sum->io.errors += more->io.errors;
}

void model_sums(const struct model *model, struct thread_sums *ret)
{
	*ret = model->ended;
	thread_sums_add(ret, &model->live);
}

void process_sums(const struct process *process, struct thread_sums *ret)
{
	*ret = process->ended;
	if (process->live)
		thread_sums_add(ret, process->live);
}

void thread_sums_cpu_time(const struct thread_sums *sums, uint64_t *ret_user_ns,
			  uint64_t *ret_system_ns)
{
	/* 128 bits cannot overflow. Subtract for the second part, so that both sum to runtime_ns. */
	unsigned __int128 ticks_ns = (unsigned __int128)sums->user_ns + sums->system_ns;
	unsigned __int128 product = (unsigned __int128)sums->runtime_ns * sums->system_ns;

	*ret_system_ns = ticks_ns ? (uint64_t)(product / ticks_ns) : 0;
	*ret_user_ns = sums->runtime_ns - *ret_system_ns;
}
