/* Fuzzes what is read of span messages, and what the report then says of their names: fuzz_spans.c has the order */
#include "spans/span_apply.h"
#include "spans/span_observer.h"
#include "spans/span_selection.h"
#include "spans/span_stalls.h"
#include "spans/span_sweep.h"

#include <inttypes.h>

#include "base/utf8.h"
#include "base/util.h"
#include "fuzz.h"
#include "model/record.h"
#include "report/build.h"
#include "report/load.h"
#include "report/write.h"

/*
 * The input's lines, one each millisecond: "s PID CREATOR", a process starts; "e PID [SIGNAL]", it
 * ends; "w PID MS MS", one of its threads waited from here to there; "t", time for the sweep; and
 * otherwise "PID MESSAGE", as a test runner sends it.
 */

#define MS NSEC_PER_MSEC

static struct task_id task(uint32_t pid)
{
	return (struct task_id){.pid = pid, .tid = pid, .host_pid = pid, .host_tid = pid};
}

static void take_start(struct model *model, uint64_t now_ns, uint32_t pid, uint32_t creator)
{
	const struct record_start record = {
		.header = {.type = RECORD_THREAD_START, .time_ns = now_ns},
		.id = task(pid),
		.ppid = creator,
		.creator_host_pid = creator,
	};

	model_record(model, &record, sizeof(record));
}

static void take_end(struct model *model, uint64_t now_ns, uint32_t pid, uint32_t signal)
{
	const struct record_thread record = {
		.header = {.type = RECORD_THREAD_END, .time_ns = now_ns},
		.id = task(pid),
		.is_leader = 1,
		.exit_code = (s32)(signal & 0x7f),
	};

	model_record(model, &record, sizeof(record));
}

static void take_wait(struct model *model, uint32_t pid, uint32_t from_ms, uint32_t until_ms)
{
	const struct record_cpu_stall record = {
		.header = {.type = RECORD_CPU_STALL, .time_ns = until_ms * MS},
		.id = task(pid),
		.start_ns = from_ms * MS,
		.woken_ns = from_ms * MS,
	};

	model_record(model, &record, sizeof(record));
}

static void take_message(struct model *model, uint64_t now_ns, uint32_t pid, const char *line)
{
	size_t size = strlen(line);
	struct span_message message;

	if (span_message_parse(line, size, &message) == 0) {
		must_hold(message.name ||
			  (message.event != SPAN_BEGIN && message.event != SPAN_WHOLE &&
			   message.event != SPAN_PLAN));
		must_hold(message.id || message.event == SPAN_WHOLE);
		must_hold(message.phase_count <= SPAN_PHASES);
		message.sender_pid = pid;
		message.received_ns = now_ns;
		model_span_message(model, &message);
	} else {
		model_span_unreadable(model);
	}
	span_message_done(&message);
}

static void take_line(struct model *model, uint64_t now_ns, const char *line)
{
	uint32_t pid = 0, one = 0, two = 0;
	int end = 0;

	if (sscanf(line, "s %" SCNu32 " %" SCNu32, &pid, &one) >= 1)
		take_start(model, now_ns, pid, one);
	else if (sscanf(line, "e %" SCNu32 " %" SCNu32, &pid, &one) >= 1)
		take_end(model, now_ns, pid, one);
	else if (sscanf(line, "w %" SCNu32 " %" SCNu32 " %" SCNu32, &pid, &one, &two) == 3)
		take_wait(model, pid, one, two);
	else if (streq(line, "t"))
		model_spans_finalize(model, now_ns, 0);
	else if (sscanf(line, "%" SCNu32 " %n", &pid, &end) == 1 && end)
		take_message(model, now_ns, pid, line + end);
}

/* -- What must hold -------------------------------------------------------------------------------- */

static void check_span(const struct span *span)
{
	const struct span_stalls *stalls = span->stalls;
	unsigned depth = 0;

	for (const struct span *above = span->parent; above; above = above->parent)
		must_hold(above != span && depth++ < 1000);
	must_hold(span->end_ns >= span->start_ns || (!span->ended && span->stage != SPAN_FINAL));
	if (!stalls)
		return;
	must_hold(stalls->interval_count <= SPAN_INTERVALS);
	for (unsigned i = 0; i < stalls->interval_count; i++) {
		must_hold(stalls->intervals[i].start_ns <= stalls->intervals[i].end_ns);
		must_hold(!i || stalls->intervals[i - 1].end_ns < stalls->intervals[i].start_ns);
	}
}

static void check_report(const struct model *model, const struct run_facts *facts)
{
	struct verdict verdict;
	const struct report_source source = {
		.model = model, .facts = facts, .verdict = &verdict, .complete = true};
	_cleanup_report_ struct report *report = NULL, *again = NULL;
	_cleanup_free_ char *json = NULL;
	size_t size;
	FILE *out = open_memstream(&json, &size);

	verdict_reach(model, facts, &verdict);
	report = report_build(&source);
	verdict_done(&verdict);
	must_hold(out);
	report_print_json(report, out);
	fclose(out);
	must_hold(utf8_valid_len(json, size) == size);
	must_hold(report_parse(json, size, "fuzz", &again) == 0);
}

static void check(const struct model *model, bool whole)
{
	static char *argv[] = {(char *)"true", NULL};
	const struct run_facts facts = {
		.id = (char *)"f00d",
		.leftovers_action = "leave",
		.argv = argv,
		.trace = {.status = TRACE_FULL, .cpu = true, .io = true},
	};
	size_t count;
	_cleanup_free_ struct span **spans = model_spans(model, &count);
	struct span_counts counts;
	uint64_t tests = 0;

	must_hold(count <= model_spans_begun(model));
	for (size_t i = 0; i < count; i++)
		check_span(spans[i]);
	model_span_counts(model, &counts);
	for (unsigned outcome = 0; outcome < SPAN_OUTCOMES; outcome++)
		tests += counts.outcomes[outcome];
	must_hold(tests <= model_spans_begun(model));
	if (whole)
		check_report(model, &facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct model_limits limits = {4, 4, 4, 4};
	struct model *model = model_new(&limits, 1 * MS, 1 * MS, NULL);
	_cleanup_free_ char *string = fuzz_string(data, size);
	uint64_t now_ns = 1000 * MS;

	spans_observe(model);
	for (char *line = string; line < string + size; now_ns += MS) {
		char *end = line + strcspn(line, "\n");

		*end = '\0';
		take_line(model, now_ns, line);
		line = end + 1;
	}
	check(model, size % 8 == 0);
	model_snapshot_begin(model, true);
	model_spans_finalize(model, UINT64_MAX, now_ns);
	check(model, true);
	model_free(model);
	return 0;
}
