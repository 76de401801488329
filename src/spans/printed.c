/* Tests that a program only prints: takes its lines apart, and gives them to the form that it prints. */
#include "spans/printed.h"

#include <stdlib.h>

#include "base/util.h"
#include "model/model.h"
#include "spans/printed_frames.h"
#include "spans/printed_line.h"
#include "spans/printed_packet.h"
#include "spans/printed_span.h"
#include "spans/printed_tap.h"
#include "spans/printed_test.h"
#include "spans/span_tree.h"

#define STDERR 2

/* -- Lines ----------------------------------------------------------------------------------------- */

static void decide(struct model *model, struct printed *printed, uint64_t time_ns, bool is_last)
{
	const struct printed_line tap = printed_line_tap(printed->line);

	if (printed_frames_decide(printed)) {
		if (printed->form == FORM_TEAMCITY || printed->form == FORM_SUBUNIT)
			printed_frames_take(model, printed, time_ns, is_last);
		return;
	}
	if (printed->beginless)
		return;
	if (tap.what != PRINTED_VERSION && tap.what != PRINTED_PLAN &&
	    !(tap.what == PRINTED_RESULT && tap.number == 1))
		return;
	printed->form = FORM_TAP;
	printed->first_ns = time_ns;
	if (tap.what == PRINTED_RESULT)
		printed_begin(model, printed, &printed->tests[0], "test 1",
			      MAX(printed->process->start_ns, printed->process->program_ns));
	else if (tap.what == PRINTED_VERSION)
		printed_begin(model, printed, &printed->tests[0], "test 1", time_ns);
	printed_tap_take(model, printed, time_ns);
}

static void take_line(struct model *model, struct printed *printed, uint64_t time_ns, bool is_last)
{
	switch (printed->form) {
	case FORM_NONE:
		return;
	case FORM_UNKNOWN:
		if (!printed->headless)
			decide(model, printed, time_ns, is_last);
		return;
	case FORM_TAP:
		if (!printed->headless)
			printed_tap_take(model, printed, time_ns);
		return;
	default:
		printed_frames_take(model, printed, time_ns, is_last);
		return;
	}
}

static void end_line(struct model *model, struct printed *printed, uint64_t time_ns, bool is_last)
{
	if (printed->length && printed->line[printed->length - 1] == '\r')
		printed->length--;
	printed->line[printed->length] = '\0';
	printed_line_remove_colors(printed->line);
	take_line(model, printed, time_ns, is_last);
	printed->length = 0;
	printed->headless = false;
}

static void add_byte(struct printed *printed, char byte)
{
	if (printed->length == PRINTED_LINE_BYTES) {
		printed->length /= 2;
		memmove(printed->line, printed->line + PRINTED_LINE_BYTES - printed->length,
			printed->length);
		printed->headless = true;
	}
	if (byte)
		printed->line[printed->length++] = byte;
}

/* The rest of a line is missing, and the begin of the next one. */
static void cut_line(struct model *model, struct printed *printed,
		     const struct record_results *record)
{
	printed->headless = true;
	printed->beginless |= printed->form == FORM_UNKNOWN;
	end_line(model, printed, record->header.time_ns, false);
	printed->headless = true;
	if (record->is_cut > 1)
		printed_frames_cut(printed);
}

/* Returns whether the data is no text. */
static bool take_packet(struct model *model, struct printed *printed,
			const struct record_results *record)
{
	struct printed_line line = {0};

	if (printed->form != FORM_UNKNOWN && printed->form != FORM_SUBUNIT2)
		return false;
	if (!record->is_cut)
		line = printed_packet(record->data, record->data_bytes, record->is_begin);
	if (line.what != PRINTED_OTHER)
		printed->form = FORM_SUBUNIT2;
	printed_frames_apply(model, printed, &line, record->header.time_ns);
	return printed->form == FORM_SUBUNIT2;
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
	if (take_packet(model, printed, record))
		return;
	if (record->is_cut)
		cut_line(model, printed, record);
	for (uint32_t i = 0; i < record->data_bytes; i++)
		if (record->data[i] == '\n')
			end_line(model, printed, record->header.time_ns,
				 i + 1 == record->data_bytes && !record->is_begin);
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
	printed_frames_over(model, printed, process->end_ns && !by_signal && !has_failed);
	printed_tap_doubt(model, printed, time_ns);
	is_cut_short = printed->form != FORM_TAP || by_signal ||
		       (has_failed && printed->count && printed->count < printed->planned);
	if (!is_cut_short)
		printed_tap_cancel(model, printed, time_ns);
	/*
	 * Otherwise the end of the process ends the test. After a plan alone, a script's children may have printed the
	 * results.
	 */
	for (size_t i = 0; i < PRINTED_FLOWS; i++)
		span_unref(model->spans, printed->tests[i].span);
	span_unref(model->spans, printed->last);
	printed_free(printed);
}
