/* Tests that a file told of after they had ended: most without the time at which they ran */
#include "spans/span_told.h"

#include "base/util.h"
#include "model/model.h"
#include "spans/account.h"
#include "spans/span_account.h"
#include "spans/span_stalls.h"
#include "spans/span_tree.h"

/* A test is not placed if the run waited for that part of its time for a program outside or another machine. */
#define OUTSIDE_SHARE 4

static bool is_in(const struct stall *stall, const struct told_time *time)
{
	uint64_t middle_ns = stall->start_ns + stall->duration_ns / 2;

	return middle_ns >= time->surely_from_ns && middle_ns < time->surely_until_ns;
}

/* Of the stalls that the model has kept: the sweep over all of them is over. */
static void add_stalls(struct model *model, struct span *span, const struct told_time *time)
{
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++) {
		for (size_t i = 0; i < model->stalls[kind].kept_count; i++) {
			struct stall *stall = model->stalls[kind].kept[i];
			struct span_stall *queued;

			if (stall->span || !is_in(stall, time))
				continue;
			queued = span_stall_new(stall, NULL);
			span_add_stall(span, queued);
			span_stall_free(&model->spans->lineage, queued);
			stall->span = span_ref(span);
		}
	}
}

/* The run of docker, bazel or ssh only waits for who runs the tests. */
static bool may_have_run_outside(const struct account *account)
{
	uint64_t outside_ns = account->ns[PART_SERVICE] + account->ns[PART_NETWORK];

	return outside_ns >= (account->until_ns - account->from_ns) / OUTSIDE_SHARE;
}

static void place(struct model *model, struct span *span, const struct told_time *time)
{
	_cleanup_free_ struct account *account = NULL;

	span->start_ns = time->start_ns;
	span->end_ns = time->end_ns;
	if (!time->is_placed)
		return;
	account = model_account_of(model, time->host_pid, time->surely_from_ns,
				   time->surely_until_ns, span_has_failed(span));
	if (account && may_have_run_outside(account))
		return;
	span->traced = true;
	span->account = steal_ptr(account);
	add_stalls(model, span, time);
}

void model_told_test(struct model *model, const struct told_test *test, uint64_t end_ns)
{
	struct spans *spans = model->spans;
	struct lineage *nobody = lineage_of_sender(&spans->lineage, 0, end_ns);
	const struct span_message message = {
		.name = test->name,
		.runner = test->runner,
		.file = test->file,
		.line = test->line,
		.attempt = test->attempt,
	};
	struct span *span = span_add(spans, &message, nobody);

	lineage_unref(&spans->lineage, nobody);
	if (!span)
		return;
	span->told = span->ended = true;
	span->untimed = !test->time.is_known;
	span->outcome = test->outcome;
	span->has_duration = test->has_duration;
	span->duration_ns = test->duration_ns;
	span->start_ns = span->end_ns = end_ns;
	if (test->time.is_known)
		place(model, span, &test->time);
	span_close(span);
	span_finalized(spans, span);
}

void model_told_lost(struct model *model, enum span_loss loss, uint64_t count)
{
	model->spans->gone.losses[loss] += count;
}
