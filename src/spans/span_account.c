/* The account of a span when it becomes final: its thread, its time, and as much of the details as is worth its memory. */
#include "spans/span_account.h"

#include <stddef.h>
#include <string.h>

#include "base/util.h"
#include "model/off_cpu.h"
#include "model/model.h"
#include "spans/lineage.h"
#include "spans/span.h"

static struct account *keep(const struct account *account, bool details)
{
	size_t bytes = details ? sizeof(*account) : offsetof(struct account, shares);
	struct account *kept = xmalloc(bytes);

	memcpy(kept, account, bytes);
	return kept;
}

struct account *model_account_of(const struct model *model, uint32_t host_pid, uint64_t from_ns,
				 uint64_t until_ns, bool details)
{
	const struct off_cpu_thread *thread;
	struct account account;

	if (!model->measures_cpu)
		return NULL;
	thread = off_cpu_thread_of(model->off_cpu, host_pid, 0, until_ns);
	account_walk(model->off_cpu, thread, from_ns, until_ns, details, &account);
	if (!details)
		account.share_count = account.step_count = 0;
	return keep(&account, details);
}

struct account *span_account(const struct model *model, const struct span *span)
{
	uint64_t until_ns = span_known_ns(span);
	bool failed = span_has_failed(span);
	const struct off_cpu_thread *thread;
	struct account account;

	if (!model->measures_cpu || !span->process || !span->process->host_pid)
		return NULL;
	thread = off_cpu_thread_of(model->off_cpu, span->process->host_pid, span->tid, until_ns);
	/* The process of a test may end before the test does, and begin after it. */
	if (!thread)
		thread = off_cpu_thread_of(model->off_cpu, span->process->host_pid, span->tid,
					   MAX(span->start_ns, span->process->start_ns));
	account_walk(model->off_cpu, thread, span->start_ns, until_ns, failed, &account);
	/* Only failed tests need details: there can be ten thousand tests that passed. */
	if (!failed)
		account.share_count = account.step_count = 0;
	return keep(&account, failed);
}

struct account *model_run_account(const struct model *model, uint32_t pid, uint64_t start_ns,
				  uint64_t end_ns)
{
	const struct off_cpu_thread *thread = off_cpu_thread_seen_as(model->off_cpu, pid, start_ns);
	struct account account;

	if (!thread)
		return NULL;
	if (thread->end_ns)
		end_ns = MIN(end_ns, thread->end_ns);
	start_ns = MAX(start_ns, thread->followed_from_ns);
	account_walk(model->off_cpu, thread, MIN(start_ns, end_ns), end_ns, true, &account);
	return keep(&account, true);
}
