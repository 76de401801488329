/* Tests that a program only prints, as TAP or as GoogleTest and cmocka do: begins and ends their spans. */
#include "spans/printed.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/util.h"
#include "model/model.h"
#include "spans/printed_line.h"
#include "spans/span_apply.h"
#include "spans/span_tree.h"

#define LINE_BYTES  1024 /* only the end of a longer line is parsed */
#define SUITE_BYTES 256
#define NAMES_BYTES 256 /* of the names of tests whose results come at once */
#define STDERR      2

enum form { FORM_UNKNOWN, FORM_TAP, FORM_GTEST, FORM_CMOCKA, FORM_NONE };

struct printed {
	struct lineage *process;
	enum form form;
	char line[LINE_BYTES + 1];
	size_t length;
	bool headless; /* the begin of the line is missing */
	bool beginless; /* what is missing came before the form was known */
	struct span *running; /* owned reference; NULL: no test runs */
	/* TAP */
	bool has_plan;
	uint64_t planned, count;
	char result[LINE_BYTES + 1]; /* the line of the last one */
	struct span *last; /* owned reference: the last test that ended */
	uint64_t first_ns, last_ns; /* of its first line, and of the last result */
	/* Frames */
	uint32_t attempt;
	char suite[SUITE_BYTES]; /* whose tests run, with a dot; empty: unknown */
	uint64_t ended_ns; /* when the running test ended, if nothing contradicts; 0: it runs */
	enum span_outcome outcome;
	bool contradicts; /* counted already */
};

/* -- Spans ----------------------------------------------------------------------------------------- */

static void begin(struct model *model, struct printed *printed, const char *name, uint64_t time_ns)
{
	static const char *const runners[] = {
		[FORM_TAP] = "tap", [FORM_GTEST] = "gtest", [FORM_CMOCKA] = "cmocka"};
	const struct span_message message = {
		.event = SPAN_BEGIN,
		.name = name,
		.runner = runners[printed->form],
		.is_printed = true,
		.attempt = printed->attempt > 1 ? printed->attempt : 0,
	};

	printed->running = span_begin_of(model, &message, printed->process, time_ns);
	if (printed->running)
		span_ref(printed->running);
}

/* The running test ends; NULL as its name keeps the name. Returns its span, whose reference the caller owns. */
static struct span *end(struct model *model, struct printed *printed, const char *name,
			enum span_outcome outcome, uint64_t time_ns)
{
	struct span *span = steal_ptr(printed->running);
	const struct span_message message = {
		.event = SPAN_END,
		.name = name,
		.outcome = outcome,
		.time_ns = time_ns,
		.received_ns = time_ns,
	};

	if (span && !span->ended && span->stage != SPAN_FINAL)
		span_end_of(model, span, &message);
	return span;
}

/* What was begun is no test. */
static void cancel(struct model *model, struct printed *printed, uint64_t time_ns)
{
	if (printed->running)
		printed->running->cancelled = true;
	span_unref(model->spans, end(model, printed, NULL, SPAN_NO_OUTCOME, time_ns));
}

static void set_outcome(struct model *model, struct span *span, enum span_outcome outcome)
{
	if (span->stage == SPAN_FINAL)
		span_set_late_outcome(model->spans, span, outcome);
	else
		span->outcome = outcome;
}

/* -- TAP ------------------------------------------------------------------------------------------- */

static void tap_next(struct model *model, struct printed *printed, uint64_t time_ns)
{
	_cleanup_free_ char *name = xasprintf("test %llu", (unsigned long long)printed->count + 1);

	if (printed->running)
		span_rename(printed->running, name);
	else
		begin(model, printed, name, time_ns);
}

static void tap_contradicts(struct model *model, struct printed *printed, uint64_t time_ns)
{
	struct span *last = printed->last;

	cancel(model, printed, time_ns);
	printed->form = FORM_NONE;
	if (!last || last->cancelled)
		return;
	set_outcome(model, last, SPAN_UNKNOWN);
	last->contradicted = true;
	if (last->stage == SPAN_FINAL)
		span_count_contradiction(model->spans, last);
}

/* What was all written at once has no times, and may be a copy: "cat log". */
static void tap_doubt(struct model *model, struct printed *printed, uint64_t time_ns)
{
	if (!printed->last || printed->last_ns != printed->first_ns)
		return;
	set_outcome(model, printed->last, SPAN_NO_OUTCOME);
	printed->last->cancelled = true;
	cancel(model, printed, time_ns);
}

static void tap_plan(struct model *model, struct printed *printed, uint64_t planned,
		     uint64_t time_ns)
{
	if (printed->has_plan || planned < printed->count) {
		tap_contradicts(model, printed, time_ns);
		return;
	}
	printed->has_plan = true;
	printed->planned = planned;
	if (planned == printed->count)
		cancel(model, printed, time_ns);
	else
		tap_next(model, printed, time_ns);
}

/* Results that are written at once have one time: their tests share a span. */
static void tap_came_at_once(struct model *model, struct printed *printed, const char *name,
			     enum span_outcome outcome)
{
	struct span *last = printed->last;
	_cleanup_free_ char *names = xasprintf("%s or %s", last->name.data, name);

	if (strlen(names) <= NAMES_BYTES)
		span_rename(last, names);
	if (outcome == SPAN_FAILED || last->outcome == SPAN_SKIPPED)
		set_outcome(model, last, outcome);
}

/* A write that fails or is interrupted is repeated, and was already seen. */
static bool is_repeated(const struct printed *printed)
{
	return streq(printed->result, printed->line);
}

static void tap_result(struct model *model, struct printed *printed,
		       const struct printed_line *line, uint64_t time_ns)
{
	_cleanup_free_ char *name =
		line->length ? xstrndup(line->name, line->length)
			     : xasprintf("test %llu", (unsigned long long)line->number);

	if (line->number != printed->count + 1 ||
	    (printed->has_plan && printed->count >= printed->planned)) {
		tap_contradicts(model, printed, time_ns);
		return;
	}
	printed->count++;
	memcpy(printed->result, printed->line, sizeof(printed->result));
	if (printed->last && printed->last_ns == time_ns) {
		tap_came_at_once(model, printed, name, line->outcome);
	} else {
		span_unref(model->spans, printed->last);
		printed->last = end(model, printed, name, line->outcome, time_ns);
		printed->last_ns = time_ns;
	}
	if (printed->has_plan && printed->count == printed->planned)
		cancel(model, printed, time_ns);
	else
		tap_next(model, printed, time_ns);
}

static void take_tap(struct model *model, struct printed *printed, uint64_t time_ns)
{
	const struct printed_line line = printed_line_tap(printed->line);

	if (line.what == PRINTED_PLAN)
		tap_plan(model, printed, line.number, time_ns);
	else if (line.what == PRINTED_RESULT && !is_repeated(printed))
		tap_result(model, printed, &line, time_ns);
}

/* -- GoogleTest, cmocka ---------------------------------------------------------------------------- */

static void frame_end(struct printed *printed, enum span_outcome outcome, uint64_t time_ns)
{
	printed->ended_ns = time_ns;
	printed->outcome = outcome;
}

/* The test has ended as it said last: the program has gone on. */
static void frame_confirm(struct model *model, struct printed *printed)
{
	if (!printed->ended_ns)
		return;
	if (printed->outcome == SPAN_UNKNOWN && printed->running) {
		printed->running->contradicted = !printed->contradicts;
		printed->contradicts = true;
	}
	span_unref(model->spans, end(model, printed, NULL, printed->outcome, printed->ended_ns));
	printed->ended_ns = 0;
}

/* What is printed between tests. If the running test has not ended, it printed this itself, or its end is lost. */
static void frame_between(struct model *model, struct printed *printed, uint64_t time_ns)
{
	if (printed->running && !printed->ended_ns)
		frame_end(printed, SPAN_UNKNOWN, time_ns);
	else
		frame_confirm(model, printed);
}

static bool is_running(const struct printed *printed, const struct printed_line *line)
{
	const struct bytes *name = printed->running ? &printed->running->name : NULL;

	return name && name->size == line->length && !memcmp(name->data, line->name, line->length);
}

/* A suite with a longer name has no tests with names. */
static void frame_suite(struct printed *printed, const struct printed_line *line)
{
	snprintf(printed->suite, sizeof(printed->suite), "%.*s.", (int)line->length, line->name);
}

static void frame_run(struct model *model, struct printed *printed, const struct printed_line *line,
		      uint64_t time_ns)
{
	_cleanup_free_ char *name = xstrndup(line->name, line->length);
	bool is_announced = printed->form == FORM_CMOCKA ||
			    (*printed->suite && startswith(name, printed->suite));

	if (!*name || !is_announced || (printed->running && !printed->ended_ns))
		return;
	frame_confirm(model, printed);
	begin(model, printed, name, time_ns);
}

static void take_frame(struct model *model, struct printed *printed, uint64_t time_ns)
{
	const struct printed_line line = printed_line_frame(printed->line);

	switch (line.what) {
	case PRINTED_RUN:
		frame_run(model, printed, &line, time_ns);
		return;
	case PRINTED_END:
		if (is_running(printed, &line))
			frame_end(printed, line.outcome, time_ns);
		return;
	case PRINTED_HEAD:
		printed->attempt += !printed->running || printed->ended_ns;
		frame_between(model, printed, time_ns);
		return;
	case PRINTED_SUITE:
		frame_between(model, printed, time_ns);
		frame_suite(printed, &line);
		return;
	case PRINTED_BETWEEN:
		frame_between(model, printed, time_ns);
		return;
	default:
		return;
	}
}

/* -- Lines ----------------------------------------------------------------------------------------- */

static void decide(struct model *model, struct printed *printed, uint64_t time_ns)
{
	const struct printed_line frame = printed_line_frame(printed->line),
				  tap = printed_line_tap(printed->line);

	if (frame.what == PRINTED_HEAD || frame.what == PRINTED_SUITE) {
		printed->form = frame.is_cmocka ? FORM_CMOCKA : FORM_GTEST;
		printed->attempt = 1;
		if (frame.what == PRINTED_SUITE)
			frame_suite(printed, &frame);
		return;
	}
	if (printed->beginless)
		return;
	if (tap.what != PRINTED_VERSION && tap.what != PRINTED_PLAN &&
	    !(tap.what == PRINTED_RESULT && tap.number == 1))
		return;
	printed->form = FORM_TAP;
	printed->first_ns = time_ns;
	if (tap.what == PRINTED_VERSION) {
		tap_next(model, printed, time_ns);
		return;
	}
	if (tap.what == PRINTED_RESULT)
		begin(model, printed, "test 1",
		      MAX(printed->process->start_ns, printed->process->program_ns));
	take_tap(model, printed, time_ns);
}

/* GoogleTest and cmocka write each of their lines at once: a test whose output is kept back forges nothing. */
static void end_line(struct model *model, struct printed *printed, uint64_t time_ns, bool is_last)
{
	if (printed->length && printed->line[printed->length - 1] == '\r')
		printed->length--;
	printed->line[printed->length] = '\0';
	printed_line_remove_colors(printed->line);
	if (printed->form == FORM_GTEST || printed->form == FORM_CMOCKA) {
		if (is_last)
			take_frame(model, printed, time_ns);
	} else if (printed->form == FORM_TAP && !printed->headless) {
		take_tap(model, printed, time_ns);
	} else if (printed->form == FORM_UNKNOWN && !printed->headless) {
		decide(model, printed, time_ns);
	}
	printed->length = 0;
	printed->headless = false;
}

static void add_byte(struct printed *printed, char byte)
{
	if (printed->length == LINE_BYTES) {
		printed->length /= 2;
		memmove(printed->line, printed->line + LINE_BYTES - printed->length,
			printed->length);
		printed->headless = true;
	}
	if (byte)
		printed->line[printed->length++] = byte;
}

/* A test may start a program that prints tests, and leave it running. */
static bool is_below_another(struct spans *spans, struct lineage *process)
{
	while ((process = lineage_parent(&spans->lineage, process)))
		if (process->printed && process->printed->form != FORM_UNKNOWN &&
		    process->printed->form != FORM_NONE)
			return true;
	return false;
}

/* tee and other filters print what they read. */
static bool is_copy(const struct spans *spans, const struct record_results *record)
{
	for (size_t i = 0; record->input && i < PRINTED_PIPES; i++)
		if (spans->printed_pipes[i] == record->input)
			return true;
	return false;
}

static struct printed *printed_of(struct spans *spans, struct lineage *process,
				  const struct record_results *record)
{
	struct printed *printed = process->printed;

	if (printed)
		return printed;
	printed = process->printed = xcalloc(1, sizeof(*printed));
	printed->process = process;
	if (is_copy(spans, record) || is_below_another(spans, process))
		printed->form = FORM_NONE;
	if (record->output)
		spans->printed_pipes[spans->printed_pipe_count++ % PRINTED_PIPES] = record->output;
	return printed;
}

void printed_results(struct model *model, const struct record_results *record)
{
	struct lineage *process = lineage_of_host(&model->spans->lineage, record->id.host_pid,
						  record->header.time_ns);
	struct printed *printed = process ? printed_of(model->spans, process, record) : NULL;

	if (!printed || (record->fd == STDERR && printed->form != FORM_CMOCKA))
		return;
	if (record->is_cut) {
		printed->length = 0;
		printed->headless = true;
		printed->beginless |= printed->form == FORM_UNKNOWN;
	}
	for (uint32_t i = 0; i < record->data_bytes; i++)
		if (record->data[i] == '\n')
			end_line(model, printed, record->header.time_ns,
				 i + 1 == record->data_bytes);
		else
			add_byte(printed, record->data[i]);
}

void printed_over(struct model *model, struct lineage *process, uint64_t time_ns, bool by_signal,
		  bool has_failed)
{
	struct printed *printed = steal_ptr(process->printed);
	bool is_cut_short;

	if (!printed)
		return;
	frame_confirm(model, printed);
	tap_doubt(model, printed, time_ns);
	is_cut_short = printed->form != FORM_TAP || by_signal ||
		       (has_failed && printed->count && printed->count < printed->planned);
	if (!is_cut_short)
		cancel(model, printed, time_ns);
	/*
	 * Otherwise the end of the process ends the test. After a plan alone, a script's children may have printed the
	 * results.
	 */
	span_unref(model->spans, printed->running);
	span_unref(model->spans, printed->last);
	free(printed);
}
