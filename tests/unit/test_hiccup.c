/* Tests of model/stall: hiccups, the waits that they hit, and delayed threads */
#include "model/model.h"

#include <stdlib.h>

#include "base/util.h"
#include "model/stall.h"
#include "records.h"
#include "tap.h"

static struct stall **list;
static size_t count;

static void look(const struct model *model)
{
	free(list);
	list = model_stalls(model, &count);
}

static void hiccup_at(struct model *model, uint64_t start_ns, uint64_t end_ns, uint32_t cpu,
		      uint32_t inside_pid, uint64_t steal_ns)
{
	const struct record_hiccup record = {
		.header = {.type = RECORD_HICCUP, .time_ns = end_ns},
		.id = task_of(inside_pid ? inside_pid : 999, inside_pid ? inside_pid : 999),
		.comm = "somebody",
		.start_ns = start_ns,
		.steal_ns = steal_ns,
		.cpu = cpu,
		.inside = inside_pid != 0,
		.has_steal = steal_ns != 0,
	};

	model_record(model, &record, sizeof(record));
}

static void wait_on(struct model *model, uint64_t start_ns, uint64_t end_ns, uint32_t cpu,
		    uint64_t late_ns)
{
	const struct record_cpu_stall record = {
		.header = {.type = RECORD_CPU_STALL, .time_ns = end_ns},
		.id = task_of(1, 1),
		.start_ns = start_ns,
		.woken_ns = start_ns + late_ns,
		.cpu = cpu,
		.late_ns = late_ns,
	};

	model_record(model, &record, sizeof(record));
}

static const struct stall *first_hiccup(void)
{
	for (size_t i = 0; i < count; i++)
		if (list[i]->kind == STALL_HICCUP)
			return list[i];
	return NULL;
}

static void test_who_was_hit(void)
{
	static const struct {
		const char *name;
		uint64_t start_ns, end_ns;
		uint32_t cpu, inside, hit;
	} waits[] = {
		{"nobody", 0, 0, 0, 0, 0},
		{"its own thread", 0, 0, 0, 5, 1},
		{"a wait around it", 90 * MS, 130 * MS, 2, 0, 1},
		{"a wait inside it", 102 * MS, 107 * MS, 2, 0, 1},
		{"one that began in it", 105 * MS, 130 * MS, 2, 0, 1},
		{"one before it", 90 * MS, 100 * MS, 2, 0, 0},
		{"one after it", 110 * MS, 120 * MS, 2, 0, 0},
		{"one elsewhere", 90 * MS, 130 * MS, 3, 0, 0},
		{"a wait and its own thread", 90 * MS, 130 * MS, 2, 5, 2},
	};

	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		struct model *model = model_with(10, 10, 10, 10);
		const struct stall *hiccup;

		hiccup_at(model, 100 * MS, 110 * MS, 2, waits[i].inside, 0);
		if (waits[i].end_ns)
			wait_on(model, waits[i].start_ns, waits[i].end_ns, waits[i].cpu, 0);
		model_snapshot_begin(model, true);
		look(model);
		hiccup = first_hiccup();
		okf((hiccup ? hiccup->hiccup.threads_hit : 0) == waits[i].hit, "%s", waits[i].name);
		is_u64(model->hiccups_elsewhere, waits[i].hit == 0);
		is_u64(model->stalls[STALL_HICCUP].durations.count, waits[i].hit != 0);
		if (hiccup)
			okf(hiccup->id.pid == waits[i].inside &&
				    !strcmp(hiccup->comm, waits[i].inside ? "somebody" : ""),
			    "%s: only the run's own thread is named", waits[i].name);
		model_free(model);
	}
}

static void test_steal(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	const struct stall *hiccup;

	/* The timer was 6 ms late of 8; the hiccup took 10, 4 of them stolen. */
	hiccup_at(model, 98 * MS, 108 * MS, 2, 0, 4 * MS);
	wait_on(model, 100 * MS, 110 * MS, 2, 6 * MS);
	model_snapshot_begin(model, true);
	look(model);
	hiccup = first_hiccup();
	is_u64(hiccup->shares.ns[CAUSE_STEAL], 4 * MS);
	is_u64(hiccup->shares.ns[CAUSE_UNKNOWN], 6 * MS);
	ok(hiccup->hiccup.has_steal);
	is_u64(list[1]->shares.ns[CAUSE_STEAL], 4 * MS);
	is_u64(list[1]->shares.ns[CAUSE_DELIVERY], 2 * MS);
	is_u64(list[1]->shares.ns[CAUSE_UNKNOWN], 4 * MS);
	model_free(model);

	/* No part of the wait was late: its delivery has another cause. */
	model = model_with(10, 10, 10, 10);
	hiccup_at(model, 98 * MS, 108 * MS, 2, 0, 4 * MS);
	wait_on(model, 100 * MS, 110 * MS, 2, 0);
	look(model);
	is_u64(list[0]->shares.ns[CAUSE_STEAL], 0);
	model_free(model);
}

static void test_memory_of_hiccups(void)
{
	struct model *model = model_with(100, 10, 10, 10);

	/* More than the limit: the oldest are judged early. */
	for (uint32_t i = 0; i < 2 * HICCUPS_MAX; i++)
		hiccup_at(model, i * MS, (i + 3) * MS, i, 0, 0);
	is_u64(model->hiccup_count, HICCUPS_MAX);
	is_u64(model->hiccups_elsewhere, HICCUPS_MAX);
	wait_on(model, 0, 500 * MS, 0, 0); /* the hiccup of CPU 0 is already judged */
	wait_on(model, 0, 500 * MS, 2 * HICCUPS_MAX - 1, 0);
	/* Ten seconds later all are judged. */
	hiccup_at(model, 20000 * MS, 20003 * MS, 0, 0, 0);
	is_u64(model->hiccup_count, 1);
	is_u64(model->stalls[STALL_HICCUP].durations.count, 1);
	/* A checkpoint judges no hiccup, the end judges all. */
	model_snapshot_begin(model, false);
	is_u64(model->hiccup_count, 1);
	model_snapshot_begin(model, true);
	is_u64(model->hiccup_count, 0);
	is_u64(model->hiccups_elsewhere, 2 * HICCUPS_MAX);
	model_free(model);
}

static void test_bad_hiccups(void)
{
	struct model *model = model_with(10, 10, 10, 10);

	hiccup_at(model, 10, 9, 0, 1, 0); /* ends before it begins */
	hiccup_at(model, 10, 20, 0, 1, 11); /* more stolen than its duration */
	is_u64(model->bad_records, 2);
	hiccup_at(model, 10, 10, 0, 1, 0);
	hiccup_at(model, 0, UINT64_MAX - 1, 0, 1, UINT64_MAX - 1);
	is_u64(model->bad_records, 2);
	model_snapshot_begin(model, true);
	look(model);
	is_u64(count, 2);
	model_free(model);
}

static void test_delayed(void)
{
	struct model *model = model_with(2, 10, 10, 10);
	struct record_delayed record = {
		.header = {.type = RECORD_DELAYED, .time_ns = 130 * MS},
		.id = task_of(7, 8),
		.comm = "late",
		.asleep_ns = 90 * MS,
		.stall_end_ns = 120 * MS,
		.stall_host_tid = 1,
		.steps = 3,
	};

	wait_on(model, 100 * MS, 120 * MS, 0, 0);
	model_record(model, &record, sizeof(record));
	look(model);
	is_int(list[0]->delayed_count, 1);
	is_u64(list[0]->delayed[0].late_ns,
	       30 * MS); /* during the stall, without its sleep before */
	is_int(list[0]->delayed[0].steps, 3);
	is_int(list[0]->delayed[0].tid, 8);
	record.asleep_ns = 110 * MS;
	model_record(model, &record, sizeof(record));
	is_u64(list[0]->delayed[1].late_ns, 20 * MS);
	record.asleep_ns = 140 * MS; /* clocks differ */
	model_record(model, &record, sizeof(record));
	is_u64(list[0]->delayed[2].late_ns, 0);

	for (unsigned i = 0; i < DELAYED_MAX; i++)
		model_record(model, &record, sizeof(record));
	is_int(list[0]->delayed_count, DELAYED_MAX + 3);

	/* Of a stall that is not known, or not kept any more. */
	record.stall_end_ns++;
	model_record(model, &record, sizeof(record));
	wait_on(model, 200 * MS, 300 * MS, 0, 0);
	wait_on(model, 300 * MS, 400 * MS, 0, 0);
	record.stall_end_ns--;
	model_record(model, &record, sizeof(record));
	is_u64(model->bad_records, 0);
	look(model);
	is_u64(count, 2);
	ok(!list[0]->delayed && !list[1]->delayed);
	model_free(model);
}

int main(void)
{
	test_who_was_hit();
	test_steal();
	test_memory_of_hiccups();
	test_bad_hiccups();
	test_delayed();
	free(list);
	return tap_done();
}
