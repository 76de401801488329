/* The report as JSON, in a form that people can read and compare */
#include "report/write.h"

#include <math.h>

#include "report/target.h"

/* All lists in catalog/report.h begin like this. */
struct list {
	const void *rows;
	size_t count;
};

static const void *member(const struct field *field, const void *row)
{
	return (const char *)row + field->offset;
}

bool field_is_known(const struct field *field, const void *row)
{
	const void *value = member(field, row);

	switch (field->type) {
	case FIELD_U64:
	case FIELD_BOOL:
	case FIELD_OBJECT:
		return true;
	case FIELD_OPTIONAL_U64:
		return ((const struct optional_u64 *)value)->known;
	case FIELD_OPTIONAL_I64:
		return ((const struct optional_i64 *)value)->known;
	case FIELD_OPTIONAL_BOOL:
		return ((const struct optional_bool *)value)->known;
	case FIELD_NUMBER:
		return !isnan(*(const double *)value);
	case FIELD_TEXT:
		return *(const char *const *)value;
	case FIELD_WORD:
		return ((const struct word *)value)->text;
	case FIELD_TEXTS:
		return ((const struct texts *)value)->list || !(field->flags & FIELD_NULL);
	case FIELD_POINTER:
		return *(const void *const *)value;
	case FIELD_ROWS:
	case FIELD_MAP:
	case FIELD_NUMBERS:
	case FIELD_BUCKETS:
		return ((const struct list *)value)->rows ||
		       !(field->flags & (FIELD_NULL | FIELD_ABSENT));
	}
	abort();
}

static void put_texts(struct json_writer *json, const char *key, const struct texts *texts)
{
	size_t count = json_items(json, texts->count);

	json_open_array(json, key);
	for (size_t i = 0; i < count; i++)
		json_put_text(json, NULL, texts->list[i]);
	json_close(json);
}

static void put_buckets(struct json_writer *json, const char *key, const struct list *list)
{
	const struct report_bucket *buckets = list->rows;
	size_t count = json_items(json, list->count);

	json_open_array(json, key);
	for (size_t i = 0; i < count; i++) {
		json_open_array(json, NULL);
		json_put_u64(json, NULL, buckets[i].lower_ns);
		json_put_u64(json, NULL, buckets[i].count);
		json_close(json);
	}
	json_close(json);
}

static void put_rows(struct json_writer *json, const char *key, const struct field *field,
		     const struct list *list)
{
	size_t count = json_items(json, list->count);

	json_open_array(json, key);
	for (size_t i = 0; i < count; i++)
		fields_put(json, NULL, field->of,
			   (const char *)list->rows + i * field->of->row_bytes);
	json_close(json);
}

static void put_map(struct json_writer *json, const char *key, const struct field *field,
		    const struct list *list)
{
	json_open_object(json, key);
	for (size_t i = 0; i < list->count; i++) {
		const char *row = (const char *)list->rows + i * field->of->row_bytes;
		const char *name = *(const char *const *)row;

		if (field->type == FIELD_NUMBERS) {
			field_put(json, name, &field->of->list[1], row);
			continue;
		}
		json_open_object(json, name);
		for (size_t k = 1; k < field->of->count; k++)
			field_put(json, field->of->list[k].name, &field->of->list[k], row);
		json_close(json);
	}
	json_close(json);
}

static void put_known(struct json_writer *json, const char *key, const struct field *field,
		      const void *value)
{
	switch (field->type) {
	case FIELD_U64:
	case FIELD_OPTIONAL_U64: /* an optional type begins with its value */
		json_put_u64(json, key, *(const uint64_t *)value);
		break;
	case FIELD_OPTIONAL_I64:
		json_put_i64(json, key, *(const int64_t *)value);
		break;
	case FIELD_BOOL:
	case FIELD_OPTIONAL_BOOL:
		json_put_bool(json, key, *(const bool *)value);
		break;
	case FIELD_NUMBER:
		json_put_number(json, key, *(const double *)value);
		break;
	case FIELD_TEXT:
	case FIELD_WORD:
		json_put_text(json, key, *(const char *const *)value);
		break;
	case FIELD_TEXTS:
		put_texts(json, key, value);
		break;
	case FIELD_OBJECT:
		fields_put(json, key, field->of, value);
		break;
	case FIELD_POINTER:
		fields_put(json, key, field->of, *(const void *const *)value);
		break;
	case FIELD_ROWS:
		put_rows(json, key, field, value);
		break;
	case FIELD_MAP:
	case FIELD_NUMBERS:
		put_map(json, key, field, value);
		break;
	case FIELD_BUCKETS:
		put_buckets(json, key, value);
		break;
	}
}

void field_put(struct json_writer *json, const char *key, const struct field *field,
	       const void *row)
{
	if (field_is_known(field, row))
		put_known(json, key, field, member(field, row));
	else
		json_put_null(json, key);
}

void fields_put_members(struct json_writer *json, const struct fields *fields, const void *row)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->list[i];

		if (field_is_known(field, row) || !(field->flags & FIELD_ABSENT))
			field_put(json, field->name, field, row);
	}
}

void fields_put(struct json_writer *json, const char *key, const struct fields *fields,
		const void *row)
{
	json_open_object(json, key);
	fields_put_members(json, fields, row);
	json_close(json);
}

void report_print_json(const struct report *report, FILE *out)
{
	struct json_writer json;

	json_writer_open(&json, out, JSON_LINES);
	fields_put(&json, NULL, &report_fields, report);
	putc('\n', out);
}

static int fill_json(FILE *out, void *userdata)
{
	report_print_json(userdata, out);
	return 0;
}

int report_write_to(const struct report *report, struct report_target *target)
{
	return report_target_write(target, fill_json, (void *)report);
}
