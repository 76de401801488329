/* Prints how long waits and file operations took, as bars, for the text view */
#include "views/text/text_histogram.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/duration.h"
#include "base/util.h"
#include "views/view.h"

#define ROWS_MAX 8
#define BAR_MAX  40

struct column {
	const char *title;
	uint64_t stalls, threshold_ns;
	bool shown;
	uint64_t counts[VIEW_BUCKETS];
	uint64_t largest; /* of the rows that are shown */
};

static int highest_bucket(const struct column *column)
{
	for (int i = VIEW_BUCKETS - 1; i >= 0; i--)
		if (column->counts[i])
			return i;
	return -1;
}

static uint64_t sum_buckets(const struct column *column, unsigned from, unsigned end)
{
	uint64_t sum = 0;

	for (unsigned i = from; i < end; i++)
		if (__builtin_add_overflow(sum, column->counts[i], &sum))
			return UINT64_MAX;
	return sum;
}

/*
 * Shows the rows from just below the thresholds up to the longest. Millions of short waits would
 * hide them, so these become one line.
 */
static bool choose_rows(struct column *columns, size_t n_columns, unsigned *ret_low,
			unsigned *ret_high)
{
	int low = VIEW_BUCKETS, high = -1;

	for (size_t i = 0; i < n_columns; i++) {
		struct column *c = &columns[i];

		c->shown = c->stalls > 0 && highest_bucket(c) >= 0;
		if (!c->shown)
			continue;
		low = MIN(low, MAX((int)view_bucket(c->threshold_ns) - 1, 0));
		high = MAX(high, highest_bucket(c));
	}
	low = MAX(MIN(MAX(low, high - ROWS_MAX + 1), high), 0);
	for (size_t i = 0; i < n_columns; i++)
		for (int b = low; b <= high; b++)
			columns[i].largest = MAX(columns[i].largest, columns[i].counts[b]);
	*ret_low = (unsigned)low;
	*ret_high = (unsigned)MAX(high, 0);
	return high >= 0;
}

static void print_cell(FILE *out, const struct column *column, unsigned bucket, int bar)
{
	uint64_t count = column->counts[bucket];
	char number[VIEW_COUNT_BYTES];
	int length = 0;

	if (count)
		length = MAX((int)((double)count / (double)column->largest * bar), 1);
	fprintf(out, " %11s |%.*s%*s|", view_count(number, count), length,
		"@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@", bar - length, "");
}

static void print_shorter(FILE *out, const struct column *columns, size_t n_columns, unsigned low,
			  int bar)
{
	char label[64], buf[DURATION_FORMAT_BYTES], number[VIEW_COUNT_BYTES];
	int gap = 0;

	snprintf(label, sizeof(label), "shorter than %s", duration_format(buf, UINT64_C(1) << low));
	fprintf(out, "  %-20s", label);
	for (size_t i = 0; i < n_columns; i++) {
		if (!columns[i].shown)
			continue;
		fprintf(out, "%*s %11s", gap, "",
			view_count(number, sum_buckets(&columns[i], 0, low)));
		gap = bar + 3;
	}
	putc('\n', out);
}

static void print_titles(FILE *out, const struct column *columns, size_t n_columns, int bar)
{
	/* Each title begins where its bars do; gap is the number of blanks up to there. */
	int gap = 14;

	fprintf(out, "%-22s", "How long it took");
	for (size_t i = 0; i < n_columns; i++) {
		if (!columns[i].shown)
			continue;
		fprintf(out, "%*s%s", gap, "", columns[i].title);
		gap = MAX(bar + 15 - (int)strlen(columns[i].title), 1);
	}
	putc('\n', out);
}

static void fill_columns(const struct report *report, struct column columns[2])
{
	const struct report_stall_sum *cpu = report->totals.of[STALL_CPU];
	const struct report_stall_sum *io = report->totals.of[STALL_IO];

	columns[0] = (struct column){
		.title = "waits for a CPU",
		.stalls = cpu ? cpu->count : 0,
		.threshold_ns = report->thresholds.ns[STALL_CPU].value,
	};
	if (cpu)
		view_histogram(cpu->waits.histogram.list, cpu->waits.histogram.count,
			       columns[0].counts);
	columns[1] = (struct column){
		.title = "file operations",
		.stalls = io ? io->count : 0,
		.threshold_ns = report->thresholds.ns[STALL_IO].value,
	};
	if (io && io->operations)
		view_histogram(io->operations->histogram.list, io->operations->histogram.count,
			       columns[1].counts);
}

void text_print_histogram(const struct report *report, FILE *out, unsigned int width)
{
	struct column columns[2];
	const size_t n = ARRAY_SIZE(columns);
	unsigned low, high;
	int bar, shown = 0;

	fill_columns(report, columns);
	if (!choose_rows(columns, n, &low, &high))
		return;
	for (size_t i = 0; i < n; i++)
		shown += columns[i].shown;
	bar = MIN(MAX(((int)width - 22) / shown - 15, 8), BAR_MAX);

	print_titles(out, columns, n, bar);
	if (low > 0)
		print_shorter(out, columns, n, low, bar);
	for (unsigned b = low; b <= high; b++) {
		char label[80], from[DURATION_FORMAT_BYTES], to[DURATION_FORMAT_BYTES];

		duration_format(from, b ? UINT64_C(1) << b : 0);
		duration_format(to, b < VIEW_BUCKETS - 1 ? UINT64_C(2) << b : UINT64_MAX);
		snprintf(label, sizeof(label), "[%s, %s)", from, to);
		fprintf(out, "  %-20s", label);
		for (size_t i = 0; i < n; i++)
			if (columns[i].shown)
				print_cell(out, &columns[i], b, bar);
		putc('\n', out);
	}
}
