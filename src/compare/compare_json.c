/* A comparison of runs as JSON, docs/compare.schema.json */
#include <math.h>

#include "compare/compare.h"
#include "report/json.h"
#include "report/load.h"
#include "report/write.h"

static void add_name(cJSON *object, const char *key, const char *text)
{
	json_name(object, key, text, text ? strlen(text) : 0);
}

static void add_side(cJSON *row, const char *key, const struct compare_row *of,
		     enum compare_side side)
{
	cJSON *object = json_object(row, key);

	json_u64(object, "count", of->count[side]);
	cJSON_AddNumberToObject(object, "median_ns", of->median[side]);
	json_i64(object, "p90_ns", of->p90[side]);
	json_i64(object, "max_ns", of->max[side]);
	json_u64_known(object, "failed", of->failed[side], of->name != NULL);
}

static void add_rows(cJSON *parent, const char *key, const struct compare_part *part)
{
	cJSON *object = json_object(parent, key), *rows;

	json_u64(object, "comparisons", part->count);
	json_u64(object, "different", part->different);
	json_u64(object, "constant", part->constant);
	rows = json_array(object, "rows");
	for (size_t i = 0; i < part->count; i++) {
		const struct compare_row *of = &part->rows[i];
		cJSON *row = json_row(rows);

		add_name(row, "metric", of->metric);
		add_name(row, "test", of->name);
		add_name(row, "file", of->file);
		add_name(row, "runner", of->runner);
		json_text(row, "verdict", compare_verdict_names[of->verdict]);
		add_side(row, "base", of, COMPARE_BASE);
		add_side(row, "new", of, COMPARE_NEW);
		cJSON_AddNumberToObject(row, "shift_ns", of->test.shift);
		cJSON_AddNumberToObject(row, "cliffs_delta", of->test.cliffs_delta);
		cJSON_AddNumberToObject(row, "u", of->test.u);
		cJSON_AddNumberToObject(row, "p", of->test.p);
		cJSON_AddNumberToObject(row, "p_corrected", of->p_corrected);
		cJSON_AddNumberToObject(row, "p_smallest", of->test.p_smallest);
		json_text(row, "method", of->test.exact ? "exact" : "normal");
	}
}

static void add_runs(cJSON *parent, const char *key, const struct compare_runs *runs)
{
	cJSON *object = json_object(parent, key);

	json_u64(object, "runs", runs->runs);
	json_u64(object, "failed", runs->failed);
	json_u64(object, "unmeasured", runs->unmeasured);
	json_u64(object, "left_out", runs->left_out);
}

void compare_print_json(const struct comparison *comparison, FILE *out)
{
	_cleanup_json_ cJSON *json = cJSON_CreateObject();
	cJSON *notes, *tool;

	json_u64(json, "compare_version", 1);
	tool = json_object(json, "tool");
	json_text(tool, "name", "latwrap");
	json_text(tool, "version", LATWRAP_VERSION);
	json_text(json, "verdict", compare_verdict_names[comparison->verdict]);
	json_text(json, "sentence", comparison->sentence);
	cJSON_AddNumberToObject(json, "alpha", COMPARE_ALPHA);
	json_text(json, "correction", "holm");
	notes = json_array(json, "notes");
	for (size_t i = 0; i < comparison->note_count; i++)
		json_item(notes, comparison->notes[i]);
	add_runs(json, "base", &comparison->runs[COMPARE_BASE]);
	add_runs(json, "new", &comparison->runs[COMPARE_NEW]);
	add_rows(json, "run", &comparison->run);
	add_rows(json, "tests", &comparison->tests);
	report_print_json(json, out);
}
