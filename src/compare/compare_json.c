/* Prints a comparison of runs as JSON (docs/compare.schema.json) */
#include "compare/compare_json.h"

#include "base/json_writer.h"

static void put_side(struct json_writer *json, const char *key, const struct compare_row *of,
		     enum compare_side side)
{
	json_open_object(json, key);
	json_put_u64(json, "count", of->count[side]);
	json_put_number(json, "median_ns", of->median[side]);
	json_put_i64(json, "p90_ns", of->p90[side]);
	json_put_i64(json, "max_ns", of->max[side]);
	if (of->name)
		json_put_u64(json, "failed", of->failed[side]);
	else
		json_put_null(json, "failed");
	json_close(json);
}

static void put_row(struct json_writer *json, const struct compare_row *of)
{
	json_open_object(json, NULL);
	json_put_text(json, "metric", of->metric);
	json_put_text(json, "test", of->name);
	json_put_text(json, "file", of->file);
	json_put_text(json, "runner", of->runner);
	json_put_text(json, "verdict", compare_verdict_names[of->verdict]);
	put_side(json, "base", of, COMPARE_BASE);
	put_side(json, "new", of, COMPARE_NEW);
	json_put_number(json, "shift_ns", of->test.shift);
	json_put_number(json, "cliffs_delta", of->test.cliffs_delta);
	json_put_number(json, "u", of->test.u);
	json_put_number(json, "p", of->test.p);
	json_put_number(json, "p_corrected", of->p_corrected);
	json_put_number(json, "p_smallest", of->test.p_smallest);
	json_put_text(json, "method", of->test.exact ? "exact" : "normal");
	json_close(json);
}

static void put_part(struct json_writer *json, const char *key, const struct compare_part *part)
{
	json_open_object(json, key);
	json_put_u64(json, "comparisons", part->count);
	json_put_u64(json, "different", part->different);
	json_put_u64(json, "constant", part->constant);
	json_open_array(json, "rows");
	for (size_t i = 0; i < part->count; i++)
		put_row(json, &part->rows[i]);
	json_close(json);
	json_close(json);
}

static void put_runs(struct json_writer *json, const char *key, const struct compare_runs *runs)
{
	json_open_object(json, key);
	json_put_u64(json, "runs", runs->runs);
	json_put_u64(json, "failed", runs->failed);
	json_put_u64(json, "unmeasured", runs->unmeasured);
	json_put_u64(json, "left_out", runs->left_out);
	json_close(json);
}

void compare_print_json(const struct comparison *comparison, FILE *out)
{
	struct json_writer json;

	json_writer_open(&json, out, JSON_LINES);
	json_open_object(&json, NULL);
	json_put_u64(&json, "compare_version", 1);
	json_put_tool(&json);
	json_put_text(&json, "verdict", compare_verdict_names[comparison->verdict]);
	json_put_text(&json, "sentence", comparison->sentence);
	json_put_number(&json, "alpha", COMPARE_ALPHA);
	json_put_text(&json, "correction", "holm");
	json_open_array(&json, "notes");
	for (size_t i = 0; i < comparison->note_count; i++)
		json_put_text(&json, NULL, comparison->notes[i]);
	json_close(&json);
	put_runs(&json, "base", &comparison->runs[COMPARE_BASE]);
	put_runs(&json, "new", &comparison->runs[COMPARE_NEW]);
	put_part(&json, "run", &comparison->run);
	put_part(&json, "tests", &comparison->tests);
	json_close(&json);
	putc('\n', out);
}
