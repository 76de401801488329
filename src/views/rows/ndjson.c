/* Stalls as JSON lines, for jq, DuckDB, ClickHouse and log stores */
#include "views/rows/ndjson.h"

#include "views/watched_words.h"
#include "views/rows/columns.h"
#include "report/load.h"
#include "report/write.h"

static void print_field(const char *name, const cJSON *value, FILE *out)
{
	fprintf(out, ",\"%s\":", name);
	report_print_json_value(value, out);
}

static void print_text(const char *name, const char *text, FILE *out)
{
	fprintf(out, ",\"%s\":", name);
	if (text)
		report_print_json_string(text, out);
	else
		fputs("null", out);
}

/* More than a stall will ever have; bounds what a made-up report costs. */
#define FIELDS_MAX 200

/* A made-up report may have keys in its stalls that are the run's, or the same twice. */
static bool is_own_key(const char *key, const cJSON *stall, const cJSON *field)
{
	static const char *const others[] = {"report", COLUMN_COMMAND, COLUMN_TIME, COLUMN_WATCHED};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (streq(key, others[i]))
			return false;
	for (size_t i = 0; i < run_columns_count; i++)
		if (streq(key, run_columns[i].name))
			return false;
	for (const cJSON *before = stall->child; before != field; before = before->next)
		if (before->string && streq(before->string, key))
			return false;
	return true;
}

static void print_stall(const struct named_report *report, const char *command, const char *watched,
			const cJSON *stall, FILE *out)
{
	char time[NAMED_TIME_BYTES];
	unsigned int fields = 0;
	const cJSON *field;

	fputs("{\"report\":", out);
	report_print_json_string(report->name, out);
	for (size_t i = 0; i < run_columns_count; i++)
		print_field(run_columns[i].name, report_get(report->report, run_columns[i].path),
			    out);
	print_text(COLUMN_COMMAND, command, out);
	print_text(COLUMN_TIME, named_time(time, report->report, report_u64(stall, "start_ns", 0)),
		   out);
	print_text(COLUMN_WATCHED, watched, out);
	cJSON_ArrayForEach(field, stall) {
		if (fields++ == FIELDS_MAX)
			break;
		if (!field->string || !is_own_key(field->string, stall, field))
			continue;
		putc(',', out);
		report_print_json_string(field->string, out);
		putc(':', out);
		report_print_json_value(field, out);
	}
	fputs("}\n", out);
}

void ndjson_print_report(const struct named_report *report, FILE *out)
{
	_cleanup_free_ char *command = run_command_line(report->report);
	const cJSON *stall, *also;

	cJSON_ArrayForEach(stall, report_array(report->report, "stalls")) {
		if (cJSON_IsObject(stall))
			print_stall(report, command, NULL, stall, out);
	}
	cJSON_ArrayForEach(also, report_array(report->report, "also")) {
		cJSON_ArrayForEach(stall, report_array(also, "stalls")) {
			if (cJSON_IsObject(stall))
				print_stall(report, command, also_name(also), stall, out);
		}
	}
}
