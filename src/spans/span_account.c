/* The account of a span when it becomes final: its thread, its time, and as much of the details as is worth its memory. */
#include "spans/span_account.h"

#include <stddef.h>
#include <string.h>

#include "base/util.h"
#include "model/off_cpu.h"
#include "model/model.h"
#include "spans/lineage.h"
#include "spans/span.h"

/* Only failed tests and the run need details: there can be ten thousand tests that passed. */
static struct account *walk(const struct model *model, const struct off_cpu_thread *thread,
			    uint64_t from_ns, uint64_t until_ns, bool details)
{
	size_t bytes = details ? sizeof(struct account) : offsetof(struct account, shares);
	struct account account, *kept;

	account_walk(model->off_cpu, thread, from_ns, until_ns, details, &account);
	if (!details)
		account.share_count = account.step_count = 0;
	kept = xmalloc(bytes);
	memcpy(kept, &account, bytes);
	return kept;
}

struct account *model_account_of(const struct model *model, uint32_t host_pid, uint64_t from_ns,
				 uint64_t until_ns, bool details)
{
	if (!model->measures_cpu)
		return NULL;
	return walk(model, off_cpu_thread_of(model->off_cpu, host_pid, 0, until_ns), from_ns,
		    until_ns, details);
}

struct account *span_account(const struct model *model, const struct span *span)
{
	uint64_t until_ns = span_known_ns(span);
	const struct off_cpu_thread *thread;

	if (!model->measures_cpu || !span->process || !span->process->host_pid)
		return NULL;
	thread = off_cpu_thread_of(model->off_cpu, span->process->host_pid, span->tid, until_ns);
	/* The process of a test may end before the test does, and begin after it. */
	if (!thread)
		thread = off_cpu_thread_of(model->off_cpu, span->process->host_pid, span->tid,
					   MAX(span->start_ns, span->process->start_ns));
	return walk(model, thread, span->start_ns, until_ns, span_has_failed(span));
}

struct account *model_run_account(const struct model *model, uint32_t pid, uint64_t start_ns,
				  uint64_t end_ns)
{
	const struct off_cpu_thread *thread = off_cpu_thread_seen_as(model->off_cpu, pid, start_ns);

	if (!thread)
		return NULL;
	if (thread->end_ns)
		end_ns = MIN(end_ns, thread->end_ns);
	start_ns = MAX(start_ns, thread->followed_from_ns);
	return walk(model, thread, MIN(start_ns, end_ns), end_ns, true);
}
