/* Fuzzes spans: any order of messages, births, execs, ends, stalls and sweeps of a few processes and spans */
#include "spans/span_apply.h"
#include "spans/span_observer.h"
#include "spans/span_selection.h"
#include "spans/span_sweep.h"

#include "../unit/span_check.h"
#include "base/util.h"
#include "fuzz.h"
#include "model/record.h"

/*
 * The input is a list of steps, STEP_BYTES each: what happens, and to whom; when its sender says that it did, from
 * the past to the future. There are few processes, threads and ids, so that any two steps are likely to meet.
 */
#define MS          NSEC_PER_MSEC
#define STEP_BYTES  4
#define STEPS_MAX   1000
#define PROCESSES   4
#define IDS         4
#define ROWS        3
#define CHECKED_MAX 40 /* spans: beyond that the checks are too slow to make after each step */

enum step_kind {
	STEP_START,
	STEP_END_PROCESS,
	STEP_EXEC,
	STEP_ENVIRONMENT,
	STEP_STALL,
	STEP_WAITS,
	STEP_SWEEP,
	STEP_PLAN,
	STEP_BEGIN,
	STEP_END,
	STEP_PAUSE,
	STEP_RESUME,
	STEP_UPDATE,
	STEP_WHOLE,
	STEP_OFF_CPU,
	STEPS_KINDS
};

struct step {
	uint8_t kind;
	uint8_t who; /* process, id, thread, who the parent is: two bits each */
	int8_t when; /* to now, in ms; -128: not told */
	uint8_t more;
};

static const char *const ids[IDS] = {"a", "b", "c", "d"};

static uint32_t process_of(const struct step *step)
{
	return 10 + step->who % PROCESSES;
}

static const char *id_of(const struct step *step)
{
	return ids[step->who / 4 % IDS];
}

static const char *parent_of(const struct step *step)
{
	return step->who & 0x80 ? ids[step->who / 64 % IDS] : NULL;
}

/* 0, or the number of a thread of the first three processes, mostly of its own. */
static uint32_t thread_of(const struct step *step)
{
	return step->who / 16 % 4 ? 10 + step->who / 16 % 4 - 1 : 0;
}

static uint64_t time_of(const struct step *step, uint64_t now_ns)
{
	return step->when == INT8_MIN ? 0 : now_ns + (uint64_t)(int64_t)step->when * MS;
}

static struct task_id task(uint32_t pid, uint32_t tid)
{
	return (struct task_id){.pid = pid, .tid = tid, .host_pid = pid, .host_tid = tid};
}

/* -- Records ---------------------------------------------------------------------------------------- */

static void take_start(struct model *model, const struct step *step, uint64_t time_ns)
{
	const struct record_start record = {
		.header = {.type = RECORD_THREAD_START, .time_ns = time_ns},
		.id = task(process_of(step), process_of(step)),
		.ppid = 10 + step->more % (PROCESSES + 1),
		.creator_host_pid = 10 + step->more / 8 % (PROCESSES + 1),
	};

	model_record(model, &record, sizeof(record));
}

static void take_end(struct model *model, const struct step *step, uint64_t time_ns)
{
	const struct record_thread record = {
		.header = {.type = RECORD_THREAD_END, .time_ns = time_ns},
		.id = task(process_of(step), process_of(step)),
		.is_leader = 1,
		.exit_code = step->more % 8 ? (s32)(step->more % 8) << 8 : step->more / 8,
	};

	model_record(model, &record, sizeof(record));
}

/* With a plan's arguments, or such as a test is known by. */
static void take_exec(struct model *model, const struct step *step, uint64_t time_ns)
{
	static const char test[] = "x\0--exact\0t\0--nocapture";
	const bool is_test = step->more % 4 == 0;
	const char *arguments = is_test ? test : id_of(step);
	const size_t size = is_test ? sizeof(test) : strlen(arguments) + 1;
	union {
		struct record_exec record;
		char bytes[sizeof(struct record_exec) + 64];
	} exec = {.record = {.header = {.type = RECORD_EXEC, .time_ns = time_ns},
			     .id = task(process_of(step), process_of(step)),
			     .argv_bytes = (uint32_t)size}};

	memcpy(exec.record.data, arguments, size);
	model_record(model, &exec, sizeof(exec));
}

static void take_environment(struct model *model, const struct step *step, uint64_t time_ns)
{
	const char *name = id_of(step);
	union {
		struct record_environment record;
		char bytes[sizeof(struct record_environment) + 64];
	} environment = {.record = {.header = {.type = RECORD_ENVIRONMENT, .time_ns = time_ns},
				    .id = task(process_of(step), process_of(step))}};

	environment.record.data_bytes = (uint32_t)sprintf(environment.record.data,
							  "PYTEST_CURRENT_TEST=t.py::%s (call)",
							  name) +
					1;
	model_record(model, &environment, sizeof(environment));
}

static void take_stall(struct model *model, const struct step *step, uint64_t time_ns)
{
	const uint32_t tid = thread_of(step) ? thread_of(step) : process_of(step);
	const struct record_cpu_stall record = {
		.header = {.type = RECORD_CPU_STALL, .time_ns = time_ns + step->more * MS},
		.id = task(process_of(step), tid),
		.start_ns = time_ns,
		.woken_ns = time_ns,
	};

	model_record(model, &record, sizeof(record));
}

static void take_short_waits(struct model *model, const struct step *step, uint64_t time_ns)
{
	const uint32_t tid = thread_of(step) ? thread_of(step) : process_of(step);
	const struct record_off_cpu record = {
		.header = {.type = RECORD_OFF_CPU, .time_ns = time_ns},
		.id = task(process_of(step), tid),
		.since_ns = time_ns - step->more * MS,
		.from_ns = time_ns,
		.woken_ns = time_ns,
		.short_wait_ns = {step->more},
	};

	model_record(model, &record, sizeof(record));
}

/* Asleep until another process, or somebody outside, woke it; then waiting. */
static void take_off_cpu(struct model *model, const struct step *step, uint64_t time_ns)
{
	struct record_off_cpu record = {
		.header = {.type = RECORD_OFF_CPU, .time_ns = time_ns + step->more * MS},
		.id = task(process_of(step), process_of(step)),
		.since_ns = time_ns - (step->more & 1) * MS,
		.from_ns = time_ns,
		.woken_ns = time_ns + step->more / 2 * MS,
		.ran_ns = (step->more & 2) * MS,
		.how = (u8)(step->who / 16 % WAKE_HOWS),
		.call = -1,
	};

	record.waker_host_tid = record.waker_host_pid = 10 + step->who / 4 % (PROCESSES + 1);
	record.header.group = step->more & 4 ? GROUP_SERVICE : 0;
	record.wait_ns[step->more % WAIT_CLASSES] = step->more * MS;
	record.short_sleep_ns = (u32)((step->more & 8) * MS);
	record.short_wait_ns[step->who % WAIT_CLASSES] = (u32)((step->more & 16) * MS);
	record.short_waker_host_tid = record.waker_host_tid;
	model_record(model, &record, sizeof(record));
}

static void take_record(struct model *model, const struct step *step, uint64_t now_ns)
{
	const uint64_t told_ns = time_of(step, now_ns), time_ns = told_ns ? told_ns : now_ns;

	switch (step->kind % STEPS_KINDS) {
	case STEP_START:
		take_start(model, step, time_ns);
		return;
	case STEP_END_PROCESS:
		take_end(model, step, time_ns);
		return;
	case STEP_EXEC:
		take_exec(model, step, time_ns);
		return;
	case STEP_ENVIRONMENT:
		take_environment(model, step, time_ns);
		return;
	case STEP_WAITS:
		take_short_waits(model, step, time_ns);
		return;
	case STEP_OFF_CPU:
		take_off_cpu(model, step, time_ns);
		return;
	default:
		take_stall(model, step, time_ns);
		return;
	}
}

/* -- Messages --------------------------------------------------------------------------------------- */

static void take_message(struct model *model, const struct step *step, uint64_t now_ns)
{
	static const enum span_event events[STEPS_KINDS] = {
		[STEP_PLAN] = SPAN_PLAN,   [STEP_BEGIN] = SPAN_BEGIN,   [STEP_END] = SPAN_END,
		[STEP_PAUSE] = SPAN_PAUSE, [STEP_RESUME] = SPAN_RESUME, [STEP_UPDATE] = SPAN_UPDATE,
		[STEP_WHOLE] = SPAN_WHOLE,
	};
	cJSON *arguments = cJSON_CreateStringArray(&(const char *){id_of(step)}, 1);
	const struct span_message message = {
		.event = events[step->kind % STEPS_KINDS],
		.id = id_of(step),
		.name = step->kind % STEPS_KINDS == STEP_UPDATE ? NULL : id_of(step),
		.parent = parent_of(step),
		.tid = thread_of(step),
		.of_parent = step->more & 1,
		.pid = step->more & 2 ? 10 + step->more / 64 : 0,
		.outcome = step->more / 4 % SPAN_OUTCOMES,
		.time_ns = time_of(step, now_ns),
		.start_ns = time_of(step, now_ns - step->more * MS),
		.failed_ns = step->more & 16 ? now_ns : 0,
		.has_cpu_time = step->more & 32,
		.arguments = arguments,
		.skip_code = 3,
		.error_code = -1,
		.sender_pid = process_of(step),
		.received_ns = now_ns,
	};

	model_span_message(model, &message);
	cJSON_Delete(arguments);
}

/* -- What must hold --------------------------------------------------------------------------------- */

static bool account_adds_up(const struct span *span)
{
	const struct account *account = span->account;
	uint64_t sum_ns = 0;

	if (!account)
		return true;
	for (enum account_part part = 0; part < PARTS; part++)
		sum_ns += account->ns[part];
	return account->from_ns == span->start_ns && account->until_ns <= span->end_ns &&
	       sum_ns == account->until_ns - account->from_ns;
}

static void check(const struct model *model)
{
	size_t count;
	_cleanup_free_ struct span **spans = model_spans(model, &count);
	struct span_counts counts;
	uint64_t tests = 0;
	const char *fault = span_fault(model);

	if (fault)
		fprintf(stderr, "does not hold: %s\n", fault);
	must_hold(!fault);
	must_hold(count <= model_spans_begun(model));
	for (size_t i = 0; i < count; i++)
		must_hold(spans[i]->end_ns >= spans[i]->start_ns ||
			  (!spans[i]->ended && spans[i]->stage != SPAN_FINAL));
	for (size_t i = 0; i < count; i++)
		must_hold(account_adds_up(spans[i]));
	model_span_counts(model, &counts);
	for (unsigned outcome = 0; outcome < SPAN_OUTCOMES; outcome++)
		tests += counts.outcomes[outcome];
	must_hold(tests <= model_spans_begun(model));
}

static void check_end(const struct model *model)
{
	check(model);
	must_hold(!model->spans->live_count && !model->spans->queue.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct model_limits limits = {4, 4, 4, 4};
	struct model *model = model_new(&limits, 1 * MS, 1 * MS, NULL);
	uint64_t now_ns = 1000 * MS;

	spans_observe(model);
	model->spans->rows = ROWS;
	for (size_t at = 0; at + STEP_BYTES <= MIN(size, (size_t)STEPS_MAX * STEP_BYTES);
	     at += STEP_BYTES, now_ns += MS) {
		struct step step;

		memcpy(&step, data + at, STEP_BYTES);
		if (step.kind % STEPS_KINDS == STEP_SWEEP)
			model_spans_finalize(model, now_ns - step.more * MS, 0);
		else if (step.kind % STEPS_KINDS < STEP_SWEEP ||
			 step.kind % STEPS_KINDS == STEP_OFF_CPU)
			take_record(model, &step, now_ns);
		else
			take_message(model, &step, now_ns);
		if (model->spans->memory_count <= CHECKED_MAX)
			check(model);
	}
	model_snapshot_begin(model, true);
	model_spans_finalize(model, UINT64_MAX, now_ns);
	check_end(model);
	model_free(model);
	return 0;
}
