/* Tests of spans/span_account: the account of a span is of its thread and its time, until it was known to fail */
#include "span_steps.h"

static uint64_t ms_of(const char *name, enum account_part part)
{
	const struct span *span = find(name);

	return span && span->account ? span->account->ns[part] / MS : UINT64_MAX;
}

static void test_beside_each_other(void)
{
	struct model *model = model_with(100, 100, 100, 100);

	start_at(model, 900 * MS, 10, 10, 1, "tests");
	start_at(model, 900 * MS, 11, 11, 10, "worker");
	start_at(model, 900 * MS, 12, 12, 10, "other");
	begin(model, 10, 1000, "asks", "");
	off_cpu(model, 11, 900, 1010, 1010, 1060, WOKEN_BY_NOBODY, 0, BEHIND_OUTSIDE);
	off_cpu(model, 10, 900, 1005, 1070, 1070, WOKEN_BY_THREAD, 11, BEHIND_OUTSIDE);
	end(model, 10, 1100, "asks", "failed");
	begin(model, 12, 1000, "works", "");
	end(model, 12, 1100, "works", "failed");
	finish(model);
	is_u64(ms_of("asks", PART_CPU_OUTSIDE), 50);
	is_u64(ms_of("asks", PART_RUNNING), 50);
	is_u64(ms_of("works", PART_RUNNING), 100);
	is_u64(find("asks")->account->shares[0].ns, 50 * MS);
	model_free(model);
}

static void test_until_it_failed(void)
{
	struct model *model = model_with(100, 100, 100, 100);

	start_at(model, 900 * MS, 10, 10, 1, "tests");
	begin(model, 10, 1000, "a", "");
	tell(model, 10,
	     "{\"v\":1,\"event\":\"update\",\"id\":\"a\",\"outcome\":\"failed\",\"time_ns\":1020000000}");
	off_cpu(model, 10, 900, 1030, 1030, 1080, WOKEN_BY_NOBODY, 0, BEHIND_OUTSIDE);
	end(model, 10, 1090, "a", "failed");
	finish(model);
	is_u64(ms_of("a", PART_CPU_OUTSIDE), 0);
	is_u64(ms_of("a", PART_RUNNING), 20);
	model_free(model);
}

static void test_not_measured(void)
{
	struct model *model = model_with(100, 100, 100, 100);

	begin(model, 77, 1000, "stranger", "");
	end(model, 77, 1010, "stranger", "failed");
	finish(model);
	ok(!find("stranger")->account);
	model_free(model);
	model = model_with(100, 100, 100, 100);
	model->measures_cpu = false;
	start_at(model, 900 * MS, 10, 10, 1, "tests");
	begin(model, 10, 1000, "a", "");
	end(model, 10, 1010, "a", "failed");
	finish(model);
	ok(!find("a")->account);
	model_free(model);
}

int main(void)
{
	test_beside_each_other();
	test_until_it_failed();
	test_not_measured();
	free(list);
	return tap_done();
}
