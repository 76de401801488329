/* Keeps a report within the limits of report/load.h: drops and counts rows that exceed them */
#include "report/fit.h"

#include <stdio.h>

#include "base/util.h"
#include "report/load.h"
#include "report/write.h"

#define BUFFER_BYTES ((size_t)64 << 10)

/* -- Weighing ---------------------------------------------------------------------------------------- */

struct weight {
	struct value_counter values;
	uint64_t bytes;
};

static ssize_t weigh_bytes(void *cookie, const char *data, size_t size)
{
	struct weight *weight = cookie;

	value_counter_add(&weight->values, data, size);
	weight->bytes += size;
	return (ssize_t)size;
}

/* A stream that adds what is printed to *weight; NULL if there is no memory for it. */
static FILE *open_scales(struct weight *weight)
{
	const cookie_io_functions_t functions = {.write = weigh_bytes};
	FILE *out = fopencookie(weight, "w", functions);

	if (out)
		setvbuf(out, NULL, _IOFBF, BUFFER_BYTES);
	return out;
}

/* -- Dropping ---------------------------------------------------------------------------------------- */

/*
 * How much of the report exceeds the limits. A row's weight leaves out its comma and newline: one
 * row too many may be dropped.
 */
struct excess {
	uint64_t values, bytes;
	FILE *scales;
	struct weight weight; /* of the printed text */
};

static bool is_too_much(const struct excess *excess)
{
	return excess->values || excess->bytes;
}

static void take_off(struct excess *excess, const struct fields *fields, const void *row)
{
	struct json_writer json;

	excess->weight = (struct weight){0};
	json_writer_open(&json, excess->scales, JSON_COMPACT);
	fields_put(&json, NULL, fields, row);
	fflush(excess->scales);
	excess->values -= MIN(excess->values, excess->weight.values.count - 1);
	excess->bytes -= MIN(excess->bytes, excess->weight.bytes);
}

enum list { STALLS, FILES, PROCESSES, SPANS, LISTS };

static const char *const list_names[LISTS] = {"stalls", "files", "processes", "spans"};

static uint64_t *counter_of(struct report_dropped *dropped, enum list list, const void *row)
{
	switch (list) {
	case FILES:
		return &dropped->files;
	case PROCESSES:
		return &dropped->processes;
	case SPANS:
		return &dropped->spans;
	default:
		return &dropped->stalls.of[((const struct report_stall *)row)->kind.value];
	}
}

static const struct field *find_field(const struct fields *fields, const char *name)
{
	for (size_t i = 0; i < fields->count; i++)
		if (streq(fields->list[i].name, name))
			return &fields->list[i];
	return NULL;
}

/*
 * Drops rows of one list of part, if it has this list. Drops from the end: the shortest stalls, the
 * last to begin.
 */
static void drop_rows(const struct fields *fields, void *part, struct report_dropped *dropped,
		      enum list list, struct excess *excess)
{
	const struct field *field = find_field(fields, list_names[list]);
	ROWS(report_stall) *rows = field ? (void *)((char *)part + field->offset) : NULL;

	while (rows && rows->count && is_too_much(excess)) {
		const void *row = (const char *)rows->list + --rows->count * field->of->row_bytes;

		take_off(excess, field->of, row);
		++*counter_of(dropped, list, row);
	}
}

static void drop_of(struct report *report, enum list list, struct excess *excess)
{
	const struct field *watched = find_field(&report_fields, "watched");

	for (size_t i = 0; watched && i < report->watched.count; i++)
		drop_rows(watched->of, &report->watched.list[i], &report->watched.list[i].dropped,
			  list, excess);
	drop_rows(&report_fields, report, &report->dropped, list, excess);
}

void report_fit(struct report *report, uint64_t values_max, uint64_t bytes_max)
{
	struct excess excess = {0};

	excess.scales = open_scales(&excess.weight);
	if (!excess.scales)
		return;
	report_print_json(report, excess.scales);
	fflush(excess.scales);
	excess.values = excess.weight.values.count - MIN(excess.weight.values.count, values_max);
	excess.bytes = excess.weight.bytes - MIN(excess.weight.bytes, bytes_max);
	for (enum list list = 0; list < LISTS && is_too_much(&excess); list++) {
		for (size_t i = 0; i < report->attempts.count; i++)
			if (report->attempts.list[i].report)
				drop_of(report->attempts.list[i].report, list, &excess);
		drop_of(report, list, &excess);
	}
	fclose(excess.scales);
}
