/* Prints the worst stalls in the text view, and the causes of all stalls */
#include "views/text/text_stalls.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/duration.h"
#include "base/util.h"
#include "catalog/kinds.h"
#include "views/watched_words.h"

#define PARTS_MAX  3 /* parts that explain one stall */
#define STALLS_MAX 1000u
#define CAUSES_MAX 32

static const struct report_stall_sum *totals_of(const struct text *t, size_t report,
						enum stall_kind kind)
{
	return t->reports->list[report].report->totals.of[kind];
}

/* -- One stall ------------------------------------------------------------------------------------- */

/*
 * Prints "31ms behind cc1plus[900] (outside, /user.slice), 15ms stolen by the hypervisor": in the
 * rest of the line if it fits there, else below, broken between parts. Each part begins with a
 * number.
 */
static void print_why(const struct text *t, const struct report_stall *stall, size_t column)
{
	static const char lead[] = "            because: ";
	size_t lengths[PARTS_MAX], length = 0, n;
	char buf[DURATION_FORMAT_BYTES];
	struct view_why why;

	view_stall_why(stall, &t->style, &why);
	n = MIN(why.n_parts, (size_t)PARTS_MAX);
	for (size_t i = 0; i < n; i++) {
		lengths[i] = strlen(duration_format(buf, why.parts[i].ns)) + 1 +
			     view_columns(why.parts[i].text) + 2;
		length += lengths[i];
	}
	if (n > 0 && column + length > t->width) {
		fprintf(t->out, "\n%s", lead);
		column = strlen(lead);
	} else if (n > 0) {
		fputs(": ", t->out);
	}
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && column + lengths[i] > t->width) {
			fprintf(t->out, ",\n%*s", (int)strlen(lead), "");
			column = strlen(lead);
		} else if (i > 0) {
			fputs(", ", t->out);
		}
		fprintf(t->out, "%s %s", duration_format(buf, why.parts[i].ns), why.parts[i].text);
		column += lengths[i];
	}
	putc('\n', t->out);
	view_why_clear(&why);
}

/* Prints a further line below a stall. */
static void print_more(const struct text *t, const char *lead, const char *text, size_t room)
{
	_cleanup_free_ char *safe = view_escape_terminal(text, t->width - room);

	text_painted_line(t, DIM, "            %s: %s", lead, safe);
}

/* Whether the stall has a text that the stall above does not have */
static bool is_news(const char *text, const char *above)
{
	return text && *text && !(above && streq(text, above));
}

static void print_stall(const struct text *t, const struct named_stall *row,
			const struct named_stall *previous)
{
	const struct report_stall *stall = row->stall, *above = previous ? previous->stall : NULL;
	_cleanup_free_ char *who = view_stall_who(stall, &t->style);
	_cleanup_free_ char *what = view_stall_what(stall, &t->style);
	char when[VIEW_COUNT_BYTES];

	fprintf(t->out, "%11s ", view_offset(when, stall->start_ns));
	if (who)
		text_painted(t, BOLD, "%s: ", who);
	fputs(what, t->out);
	print_why(t, stall, 12 + (who ? view_columns(who) + 2 : 0) + view_columns(what));

	if (is_news(stall->command, stall->comm) &&
	    is_news(stall->command, above ? above->command : NULL))
		print_more(t, "command", stall->command, 21);
	if (is_news(stall->span, above ? above->span : NULL))
		print_more(t, "in", stall->span, 16);
	if (t->reports->count > 1 && (!previous || previous->of != row->of)) {
		_cleanup_free_ char *label = named_label(row->of, &t->style);

		text_painted_line(t, DIM, "            of: %s", label);
	}
}

/* -- All of them ----------------------------------------------------------------------------------- */

/* "Worst stalls, 5 of 1,312 (1,300 CPU, 8.1s in all; 12 file, 310ms in all)" */
static void print_heading(const struct text *t, size_t shown)
{
	uint64_t counts[STALL_KINDS] = {0}, total_ns[STALL_KINDS] = {0}, all = 0;
	char number[VIEW_COUNT_BYTES], buf[DURATION_FORMAT_BYTES];
	const char *separator = " (";

	for (size_t k = 0; k < STALL_KINDS; k++) {
		for (size_t i = 0; i < t->reports->count; i++) {
			const struct report_stall_sum *totals = totals_of(t, i, k);

			counts[k] = view_sum(counts[k], totals ? totals->count : 0);
			total_ns[k] = view_sum(total_ns[k], totals ? totals->total_ns : 0);
		}
		all = view_sum(all, counts[k]);
	}
	text_painted(t, BOLD, "Worst stalls");
	if (all > shown)
		fprintf(t->out, ", %zu of %s", shown, view_count(number, all));
	for (size_t k = 0; k < STALL_KINDS; k++) {
		if (counts[k] == 0)
			continue;
		fprintf(t->out, "%s%s %s, %s in all", separator, view_count(number, counts[k]),
			kind_catalog[k].heading, duration_format(buf, total_ns[k]));
		separator = "; ";
	}
	fputs(*separator == ';' ? ")\n" : "\n", t->out);
}

struct named_cause {
	const char *name;
	uint64_t ns;
};

static int compare_causes(const void *a, const void *b)
{
	const struct named_cause *x = a, *y = b;

	return x->ns < y->ns ? 1 : x->ns > y->ns ? -1 : strcmp(x->name, y->name);
}

/* The causes in all reports, the largest first */
static size_t find_causes(const struct text *t, size_t kind, struct named_cause causes[CAUSES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < t->reports->count; i++) {
		const struct report_stall_sum *totals = totals_of(t, i, kind);

		for (size_t k = 0; totals && k < totals->by_cause.count; k++) {
			const struct report_cause_sum *cause = &totals->by_cause.list[k];
			size_t at = 0;

			if (cause->total_ns == 0)
				continue;
			while (at < n && !streq(causes[at].name, cause->cause))
				at++;
			if (at == CAUSES_MAX)
				continue;
			if (at == n)
				causes[n++] = (struct named_cause){.name = cause->cause};
			causes[at].ns = view_sum(causes[at].ns, cause->total_ns);
		}
	}
	qsort(causes, n, sizeof(*causes), compare_causes);
	return n;
}

/* Prints all stalls of one kind by cause, if causes are known. */
static void print_causes(const struct text *t, size_t kind)
{
	uint64_t count = 0, total_ns = 0;
	struct named_cause causes[CAUSES_MAX];
	size_t n = find_causes(t, kind, causes);

	for (size_t i = 0; i < t->reports->count; i++) {
		const struct report_stall_sum *totals = totals_of(t, i, kind);

		count = view_sum(count, totals ? totals->count : 0);
		total_ns = view_sum(total_ns, totals ? totals->total_ns : 0);
	}
	/* The line of a single stall has shown its cause. */
	if (n == 0 || (n == 1 && streq(causes[0].name, "unknown")) || count < 2)
		return;
	text_painted(t, BOLD, "Causes of %s stalls", kind_catalog[kind].heading);
	for (size_t i = 0; i < MIN(n, (size_t)TEXT_LIST_MAX); i++) {
		_cleanup_free_ char *words = view_cause(causes[i].name, &t->style);
		char buf[DURATION_FORMAT_BYTES];

		if (i == 0 || causes[i].ns >= total_ns / 100)
			fprintf(t->out, "%s %s %s", i == 0 ? ":" : ",",
				duration_format(buf, causes[i].ns), words);
	}
	putc('\n', t->out);
}

void text_print_stalls(const struct text *t)
{
	_cleanup_free_ struct named_stall *rows = NULL;
	size_t n = named_stalls(t->reports, &rows);
	size_t shown = MIN(n, (size_t)MIN(t->options->max_stalls, STALLS_MAX));

	if (shown > 0)
		print_heading(t, shown);
	for (size_t i = 0; i < shown; i++)
		print_stall(t, &rows[i], i > 0 ? &rows[i - 1] : NULL);
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
		print_causes(t, kind);
}

/* -- Watched cgroups ------------------------------------------------------------------------------- */

void text_print_watched(const struct text *t)
{
	unsigned int n = 0;

	for (size_t i = 0; i < t->reports->count; i++) {
		const struct report *report = t->reports->list[i].report;

		for (size_t k = 0; k < report->watched.count; k++) {
			const struct report_watched *watched = &report->watched.list[k];
			const struct named_stall worst = {watched_worst(watched),
							  &t->reports->list[i], 0};
			_cleanup_free_ char *line = NULL;

			if (n++ >= TEXT_LIST_MAX)
				continue;
			line = watched_line(report, watched, &t->style);
			text_painted(t, BOLD, "Watched cgroup");
			fprintf(t->out, ": %s\n", line);
			if (worst.stall)
				print_stall(t, &worst, NULL);
		}
	}
	if (n > TEXT_LIST_MAX)
		fprintf(t->out, "Watched cgroup: %u more in the report\n", n - TEXT_LIST_MAX);
}
