/* Tests of the catalogue: every entry is there, names are unique; --dump prints it as JSON for tests/static/test_catalog.py */
#include "catalog/fields.h"

#include "base/json_writer.h"
#include "catalog/causes.h"
#include "catalog/losses.h"
#include "tap.h"

#define TABLES_MAX 100

struct tables {
	const struct fields *list[TABLES_MAX];
	size_t count;
};

/* The number of a table, which is added if it is new. */
static size_t number_of(struct tables *tables, const struct fields *fields)
{
	for (size_t i = 0; i < tables->count; i++)
		if (tables->list[i] == fields)
			return i;
	if (tables->count == TABLES_MAX)
		abort();
	tables->list[tables->count] = fields;
	return tables->count++;
}

static void test_tables(void)
{
	struct tables tables = {{&report_fields, &shake_fields}, 2};

	for (size_t i = 0; i < tables.count; i++) {
		const struct fields *fields = tables.list[i];

		for (size_t k = 0; k < fields->count; k++) {
			const struct field *field = &fields->list[k];

			okf(field->name && field->offset < fields->row_bytes,
			    "%s is within its row", field->name);
			okf((field->type == FIELD_WORD) == (field->words != NULL),
			    "%s has words if it is one", field->name);
			okf((field->type >= FIELD_OBJECT) == (field->of != NULL),
			    "%s has fields if it is an object or a list", field->name);
			for (size_t other = 0; other < k; other++)
				if (streq(field->name, fields->list[other].name))
					okf(false, "%s is there twice", field->name);
			if (field->of)
				number_of(&tables, field->of);
		}
	}
	ok(tables.count > 30);
}

static void test_names(void)
{
	for (enum cause cause = 0; cause < CAUSES; cause++)
		okf(cause_catalog[cause].name && cause_catalog[cause].words &&
			    cause_catalog[cause].kinds && cause_catalog[cause].light &&
			    cause_catalog[cause].dark,
		    "cause %d is whole", cause);
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
		okf(kind_catalog[kind].name && kind_catalog[kind].heading &&
			    kind_catalog[kind].one && kind_catalog[kind].many &&
			    kind_catalog[kind].sum && kind_catalog[kind].longest &&
			    kind_catalog[kind].group,
		    "kind %d is whole", kind);
	for (unsigned loss = 0; loss < LOSS_KINDS; loss++)
		okf(loss_names[loss], "loss %u has a name", loss);
	for (enum span_loss loss = 0; loss < SPAN_LOSSES; loss++)
		okf(span_loss_names[loss], "loss %d of spans has a name", loss);
}

/* -- For test_catalog.py --------------------------------------------------------------------------- */

static void put_words(struct json_writer *json, const struct words *words)
{
	json_open_array(json, "words");
	for (size_t i = 0; i < words->count; i++)
		if (words_name(words, i))
			json_put_text(json, NULL, words_name(words, i));
	json_close(json);
}

static void put_kinds(struct json_writer *json, unsigned kinds)
{
	json_open_array(json, "kinds");
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
		if (kinds & 1u << kind)
			json_put_text(json, NULL, kind_catalog[kind].name);
	json_close(json);
}

static void put_field_row(struct json_writer *json, struct tables *tables,
			  const struct field *field)
{
	static const char *const types[] = {
		[FIELD_U64] = "u64",
		[FIELD_OPTIONAL_U64] = "u64",
		[FIELD_OPTIONAL_I64] = "i64",
		[FIELD_BOOL] = "bool",
		[FIELD_OPTIONAL_BOOL] = "bool",
		[FIELD_NUMBER] = "number",
		[FIELD_TEXT] = "text",
		[FIELD_TEXTS] = "texts",
		[FIELD_WORD] = "word",
		[FIELD_OBJECT] = "object",
		[FIELD_POINTER] = "object",
		[FIELD_ROWS] = "rows",
		[FIELD_MAP] = "map",
		[FIELD_NUMBERS] = "numbers",
		[FIELD_BUCKETS] = "buckets",
	};
	bool optional = field->type == FIELD_OPTIONAL_U64 || field->type == FIELD_OPTIONAL_I64 ||
			field->type == FIELD_OPTIONAL_BOOL || field->type == FIELD_POINTER;

	json_open_object(json, NULL);
	json_put_text(json, "name", field->name);
	json_put_text(json, "type", types[field->type]);
	json_put_bool(json, "null", optional || field->flags & FIELD_NULL);
	json_put_bool(json, "absent", field->flags & FIELD_ABSENT);
	json_put_bool(json, "open", field->flags & FIELD_OPEN);
	json_put_u64(json, "max", field->max);
	json_put_u64(json, "column", field->column);
	json_put_text(json, "heading", field->heading);
	json_put_text(json, "attribute", field->attribute);
	put_kinds(json, field->kinds);
	if (field->words)
		put_words(json, field->words);
	if (field->of)
		json_put_u64(json, "of", number_of(tables, field->of));
	json_close(json);
}

static int dump(void)
{
	struct tables tables = {{&report_fields, &shake_fields}, 2};
	struct json_writer json;

	json_writer_open(&json, stdout, JSON_LINES);
	json_open_object(&json, NULL);
	json_open_array(&json, "tables");
	for (size_t i = 0; i < tables.count; i++) {
		json_open_array(&json, NULL);
		for (size_t k = 0; k < tables.list[i]->count; k++)
			put_field_row(&json, &tables, &tables.list[i]->list[k]);
		json_close(&json);
	}
	json_close(&json);
	json_open_object(&json, "causes");
	for (enum cause cause = 0; cause < CAUSES; cause++) {
		json_open_object(&json, cause_catalog[cause].name);
		put_kinds(&json, cause_catalog[cause].kinds);
		json_close(&json);
	}
	json_close(&json);
	json_close(&json);
	putchar('\n');
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && streq(argv[1], "--dump"))
		return dump();
	test_tables();
	test_names();
	return tap_done();
}
