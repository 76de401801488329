/* Prints stalls as comma-separated values, for spreadsheets and data frames */
#include "views/rows/csv.h"

#include <inttypes.h>

#include "catalog/causes.h"
#include "report/write.h"
#include "views/rows/columns.h"
#include "views/watched_words.h"

/* -- Columns of a stall ---------------------------------------------------------------------------- */

#define COLUMNS_MAX 128

struct column {
	char *name; /* owned */
	const struct field *field; /* NULL: the share of a cause */
	const struct field *within; /* the list or object with the field; NULL: the stall */
	enum cause cause;
	unsigned place; /* its index among the columns */
};

struct columns {
	struct column list[COLUMNS_MAX];
	size_t count;
};

static void add_column(struct columns *columns, struct column column)
{
	if (columns->count == COLUMNS_MAX)
		abort();
	columns->list[columns->count++] = column;
}

/* The first of the culprits, which are sorted */
static void add_columns_within(struct columns *columns, const struct field *within)
{
	size_t length = strlen(within->name) - (within->type == FIELD_ROWS);

	for (size_t i = 0; i < within->of->count; i++) {
		const struct field *field = &within->of->list[i];

		if (field->column)
			add_column(columns, (struct column){
						    .name = xasprintf("%.*s_%s", (int)length,
								      within->name, field->name),
						    .field = field,
						    .within = within,
						    .place = field->column,
					    });
	}
}

static int compare_columns(const void *a, const void *b)
{
	const struct column *x = a, *y = b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return x->cause < y->cause ? -1 : x->cause > y->cause;
}

static void columns_open(struct columns *columns)
{
	columns->count = 0;
	for (size_t i = 0; i < stall_fields.count; i++) {
		const struct field *field = &stall_fields.list[i];

		if (field->type == FIELD_POINTER || field->type == FIELD_ROWS)
			add_columns_within(columns, field);
		else if (field->type == FIELD_NUMBERS)
			for (enum cause cause = 0; cause < CAUSES; cause++)
				add_column(columns,
					   (struct column){
						   .name = xasprintf("share_%s_ns",
								     cause_catalog[cause].name),
						   .cause = cause,
						   .place = field->column,
					   });
		else if (field->column)
			add_column(columns, (struct column){.name = xstrdup(field->name),
							    .field = field,
							    .place = field->column});
	}
	qsort(columns->list, columns->count, sizeof(columns->list[0]), compare_columns);
}

static void columns_done(struct columns *columns)
{
	for (size_t i = 0; i < columns->count; i++)
		free(columns->list[i].name);
}

/* -- Cells ----------------------------------------------------------------------------------------- */

/*
 * Excel, LibreOffice Calc and Google Sheets begin a formula with these characters. Some also accept
 * the full-width forms, and some remove blanks before them.
 */
static bool is_formula(const char *text)
{
	static const char *const starts[] = {
		"=", "+", "-", "@", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0",
	};

	text += strspn(text, " ");
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (startswith(text, starts[i]))
			return true;
	return false;
}

static void print_text(const char *text, FILE *out)
{
	_cleanup_free_ char *safe = view_escape_terminal(text, 0);

	putc('"', out);
	if (is_formula(safe))
		putc('\'', out);
	for (const char *p = safe; *p; p++) {
		if (*p == '"')
			putc('"', out);
		putc(*p, out);
	}
	putc('"', out);
}

static void print_cell(const struct field *field, const void *row, FILE *out)
{
	struct json_writer json;

	if (!row || !field_is_known(field, row))
		return;
	if (field->type == FIELD_TEXT || field->type == FIELD_WORD) {
		print_text(*(const char *const *)((const char *)row + field->offset), out);
		return;
	}
	json_writer_open(&json, out, JSON_COMPACT);
	field_put(&json, NULL, field, row);
}

static void print_share(const struct report_stall *stall, enum cause cause, FILE *out)
{
	for (size_t i = 0; i < stall->shares.count; i++) {
		const char *rest =
			startswith(stall->shares.list[i].cause, cause_catalog[cause].name);

		if (!rest || !streq(rest, "_ns"))
			continue;
		fprintf(out, "%" PRIu64, stall->shares.list[i].ns);
		break;
	}
}

/* The row that has the field: the first row of a list, or the object; NULL: none */
static const void *row_within(const struct report_stall *stall, const struct field *within)
{
	return within ? *(const void *const *)((const char *)stall + within->offset) : stall;
}

/* In all lists the count follows the pointer (catalog/report.h, ROWS). */
static bool is_empty_list(const struct report_stall *stall, const struct field *within)
{
	return within && within->type == FIELD_ROWS &&
	       !*(const size_t *)((const char *)stall + within->offset + sizeof(void *));
}

void csv_print_header(FILE *out)
{
	struct columns columns;

	columns_open(&columns);
	fputs("report", out);
	for (size_t i = 0; i < run_column_fields.count; i++)
		fprintf(out, ",%s", run_column_fields.list[i].name);
	for (size_t i = 0; i < ci_column_fields.count; i++)
		fprintf(out, ",%s", ci_column_fields.list[i].name);
	fputs("," COLUMN_COMMAND "," COLUMN_TIME "," COLUMN_WATCHED, out);
	for (size_t i = 0; i < columns.count; i++)
		fprintf(out, ",%s", columns.list[i].name);
	fputs("\r\n", out);
	columns_done(&columns);
}

static void print_cells(const struct fields *fields, const void *row, FILE *out)
{
	for (size_t i = 0; i < fields->count; i++) {
		putc(',', out);
		print_cell(&fields->list[i], row, out);
	}
}

static void print_stall(const struct named_report *of, const struct columns *columns,
			const char *command, const char *watched, const struct report_stall *stall,
			FILE *out)
{
	char time[NAMED_TIME_BYTES];

	print_text(of->name, out);
	print_cells(&run_column_fields, of->report, out);
	print_cells(&ci_column_fields, of->report->run.ci, out);
	putc(',', out);
	if (command)
		print_text(command, out);
	putc(',', out);
	if (named_time(time, of->report, stall->start_ns))
		print_text(time, out);
	putc(',', out);
	if (watched)
		print_text(watched, out);
	for (size_t i = 0; i < columns->count; i++) {
		const struct column *column = &columns->list[i];

		putc(',', out);
		if (!column->field)
			print_share(stall, column->cause, out);
		else if (!is_empty_list(stall, column->within))
			print_cell(column->field, row_within(stall, column->within), out);
	}
	fputs("\r\n", out);
}

void csv_print_report(const struct named_report *of, FILE *out)
{
	const struct report *report = of->report;
	_cleanup_free_ char *command = run_command_line(report);
	struct columns columns;

	columns_open(&columns);
	for (size_t i = 0; i < report->stalls.count; i++)
		print_stall(of, &columns, command, NULL, &report->stalls.list[i], out);
	for (size_t i = 0; i < report->watched.count; i++) {
		const struct report_watched *watched = &report->watched.list[i];

		for (size_t k = 0; k < watched->stalls.count; k++)
			print_stall(of, &columns, command, watched_name(watched),
				    &watched->stalls.list[k], out);
	}
	columns_done(&columns);
}
