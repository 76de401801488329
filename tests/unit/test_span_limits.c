/* Tests of spans/span*: what is kept if there are more spans, processes and failures than the limits */
#include "span_steps.h"

/* -- Limits ----------------------------------------------------------------------------------------- */

static void test_rows_kept(void)
{
	struct model *model = model_with(100, 100, 10, 10);
	struct span_counts counts;

	model->spans->rows = 10;
	start_at(model, 1 * MS, 10, 10, 0, "p");
	begin(model, 10, 1, "file", "");
	for (uint64_t i = 1; i <= 1000; i++) {
		_cleanup_free_ char *id = xasprintf("t%" PRIu64, i);

		begin(model, 10, i * 100, id, "");
		if (i % 100 == 0)
			stall(model, 10, 10, i * 100 + 10, i * 100 + 10 + i / 100);
		end(model, 10, i * 100 + 90, id, i == 333 ? "failed" : "passed");
		model_spans_finalize(model, i * 100 * MS, 0);
	}
	end(model, 10, 200000, "file", "");
	finish(model);
	/* Ten, what encloses them, and what the kept stalls name. */
	is_u64(count, 12);
	ok(find("file") && find("t333") && find("t1000") && find("t100") && !find("t99"));
	is_u64(model_spans_begun(model), 1001);
	model_span_counts(model, &counts);
	is_u64(counts.outcomes[SPAN_PASSED], 999);
	is_u64(counts.outcomes[SPAN_FAILED], 1);
	is_u64(counts.failed_gone, 0);
	ok(find("t333")->parent == find("file"));
	model_free(model);
}

static void test_failures_beyond_the_rows(void)
{
	struct model *model = model_with(0, 100, 10, 10);
	struct span_counts counts;

	model->spans->rows = 5;
	start_at(model, 1 * MS, 10, 10, 0, "p");
	for (uint64_t i = 1; i <= 100; i++) {
		_cleanup_free_ char *id = xasprintf("t%" PRIu64, i);

		begin(model, 10, i * 100, id, "");
		if (i % 4 == 0)
			stall(model, 10, 10, i * 100 + 10, i * 100 + 20);
		end(model, 10, i * 100 + 90, id, "failed");
	}
	finish(model);
	is_u64(count, 5);
	model_span_counts(model, &counts);
	is_u64(counts.outcomes[SPAN_FAILED], 100);
	is_u64(counts.failed_gone, 95);
	model_free(model);
}

static void test_flood_of_open_ones(void)
{
	struct model *model = model_with(10, 100, 10, 10);
	uint64_t refused;

	start_at(model, 1 * MS, 10, 10, 0, "p");
	for (unsigned i = 0; i < SPAN_LIVE_MAX + 100; i++) {
		struct span_message message = {
			.event = SPAN_BEGIN,
			.id = "same",
			.name = "same",
			.time_ns = 5 * MS,
			.sender_pid = 10,
			.received_ns = 6 * MS,
			.unsent = i == 7 ? 3 : 0,
		};

		model_span_message(model, &message);
	}
	refused = loss_of(model, SPAN_LOSS_REFUSED);
	is_u64(refused, 100);
	is_u64(loss_of(model, SPAN_LOSS_UNSENT), 3);
	stall(model, 10, 10, 10, 20);
	finish(model);
	ok(count >= SPAN_ROWS && count <= SPAN_ROWS + SPAN_DEPTH_MAX);
	is_u64(model_spans_begun(model), SPAN_LIVE_MAX);
	for (size_t i = 0; i < count; i++)
		if (list[i]->depth >= SPAN_DEPTH_MAX)
			okf(false, "depth %u", list[i]->depth);
	model_free(model);
}

static void test_flood_of_ended_ones(void)
{
	struct model *model = model_with(10, 100, 10, 10);
	struct span_counts counts;

	start_at(model, 1 * MS, 10, 10, 0, "p");
	for (uint64_t i = 0; i < 300000; i++) {
		struct span_message message = {
			.event = SPAN_WHOLE,
			.name = "t",
			.outcome = SPAN_PASSED,
			.start_ns = i + 5,
			.time_ns = i + 6,
			.sender_pid = 10,
			.received_ns = 1000 * MS,
		};

		model_span_message(model, &message);
	}
	ok(model->spans->memory_count <= SPAN_LIVE_MAX + SPAN_ROWS + 1);
	is_u64(loss_of(model, SPAN_LOSS_REFUSED), 0);
	finish(model);
	model_span_counts(model, &counts);
	is_u64(counts.outcomes[SPAN_PASSED], 300000);
	is_u64(count, SPAN_ROWS);
	model_free(model);
}

/* Beyond the limit the earliest stalls get their spans early; all are counted; the kept stall knows its span. */
static void test_flood_of_stalls(void)
{
	struct model *model = model_with(1, 100, 10, 10);
	const uint64_t stalls = 2 * SPAN_QUEUED_MAX;
	const struct span *span;

	start_at(model, 1 * MS, 10, 10, 0, "p");
	begin(model, 10, 1, "t", "");
	stall(model, 10, 10, 2, 1000);
	for (uint64_t i = 1; i < stalls; i++)
		stall(model, 10, 10, 1000 + i, 1001 + i);
	is_u64(model->spans->queue.of_kind[QUEUED_STALL], SPAN_QUEUED_MAX);
	end(model, 10, 1001 + stalls, "t", "passed");
	finish(model);
	span = find("t");
	is_u64(stalls_of("t"), stalls);
	is_u64(span->stalls->kind_total_ns[STALL_CPU], (998 + stalls - 1) * MS);
	is_u64(span->stalls->cause_ns[CAUSE_UNKNOWN], (998 + stalls - 1) * MS);
	is_str(owner(model, 2), "t");
	model_free(model);
}

static void test_flood_of_processes(void)
{
	struct model *model = model_with(1, 100, 10, 10);

	start_at(model, 1 * MS, 10, 10, 0, "p");
	begin(model, 10, 1, "t", "");
	for (uint32_t i = 1; i <= 2 * SPAN_QUEUED_MAX; i++) {
		start_at(model, (1 + i) * MS, 10 + i, 10 + i, 10, "child");
		end_at(model, (1 + i) * MS + 1, 10 + i, 10 + i, "child", 0);
	}
	is_u64(model->spans->queue.of_kind[QUEUED_PROCESS_END], SPAN_QUEUED_MAX);
	/* The first ones are forgotten, and the last one is still known. */
	ok(!lineage_of_host(&model->spans->lineage, 11, UINT64_MAX));
	stall(model, 10 + 2 * SPAN_QUEUED_MAX, 10 + 2 * SPAN_QUEUED_MAX, 2 + 2 * SPAN_QUEUED_MAX,
	      3 + 2 * SPAN_QUEUED_MAX);
	finish(model);
	is_u64(stalls_of("t"), 1);
	is_u64(model->spans->queue.of_kind[QUEUED_PROCESS_END], 0);
	model_free(model);
}

/* A daemon that forks and whose parent ends, again and again, must not keep all processes. */
static void test_chain_of_processes(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	const struct lineage *process;
	unsigned ancestors = 0;

	start_at(model, 1 * MS, 10, 10, 0, "p");
	begin(model, 10, 2, "t", "");
	for (uint32_t pid = 11; pid < 5000; pid++) {
		start_at(model, pid * MS, pid, pid, pid - 1, "walker");
		if (pid > 11)
			end_at(model, pid * MS + 1, pid - 1, pid - 1, "walker", 0);
		model_spans_finalize(model, pid * MS, 0);
	}
	process = lineage_of_host(&model->spans->lineage, 4999, UINT64_MAX);
	for (; process; process = process->parent)
		ancestors++;
	ok(ancestors <= 5);
	stall(model, 4999, 4999, 5000, 5010);
	finish(model);
	is_str(owner(model, 5000), "t");
	model_free(model);
}

int main(void)
{
	test_rows_kept();
	test_failures_beyond_the_rows();
	test_flood_of_open_ones();
	test_flood_of_ended_ones();
	test_flood_of_stalls();
	test_flood_of_processes();
	test_chain_of_processes();
	free(list);
	return tap_done();
}
