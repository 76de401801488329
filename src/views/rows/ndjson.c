/* Prints stalls as JSON lines, for jq, DuckDB, ClickHouse and log stores */
#include "views/rows/ndjson.h"

#include "report/write.h"
#include "views/rows/columns.h"
#include "views/watched_words.h"

static void print_ci(struct json_writer *json, const struct report_ci *ci)
{
	for (size_t i = 0; i < ci_column_fields.count; i++) {
		const struct field *field = &ci_column_fields.list[i];

		if (ci)
			field_put(json, field->name, field, ci);
		else
			json_put_null(json, field->name);
	}
}

static void print_stall(const struct named_report *of, const char *command, const char *watched,
			const struct report_stall *stall, FILE *out)
{
	char time[NAMED_TIME_BYTES];
	struct json_writer json;

	json_writer_open(&json, out, JSON_COMPACT);
	json_open_object(&json, NULL);
	json_put_text(&json, "report", of->name);
	fields_put_members(&json, &run_column_fields, of->report);
	print_ci(&json, of->report->run.ci);
	json_put_text(&json, COLUMN_COMMAND, command);
	json_put_text(&json, COLUMN_TIME, named_time(time, of->report, stall->start_ns));
	json_put_text(&json, COLUMN_WATCHED, watched);
	fields_put_members(&json, &stall_fields, stall);
	json_close(&json);
	putc('\n', out);
}

void ndjson_print_report(const struct named_report *of, FILE *out)
{
	const struct report *report = of->report;
	_cleanup_free_ char *command = run_command_line(report);

	for (size_t i = 0; i < report->stalls.count; i++)
		print_stall(of, command, NULL, &report->stalls.list[i], out);
	for (size_t i = 0; i < report->watched.count; i++) {
		const struct report_watched *watched = &report->watched.list[i];

		for (size_t k = 0; k < watched->stalls.count; k++)
			print_stall(of, command, watched_name(watched), &watched->stalls.list[k],
				    out);
	}
}
