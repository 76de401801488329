/* Prints the parts of OTLP/JSON: lines, spans, attributes, ids */
#include "views/otlp/otlp_print.h"

#include <inttypes.h>

#include "base/utf8.h"
#include "base/util.h"
#include "report/write.h"

#define EVENTS_MAX 8

/* -- Ids ------------------------------------------------------------------------------------------- */

/* The finalizer of splitmix64: different numbers stay different. */
static uint64_t mix(uint64_t h)
{
	h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
	return h ^ (h >> 31);
}

static uint64_t hash(uint64_t seed, const char *text)
{
	for (; *text; text++)
		seed = mix((seed ^ (unsigned char)*text) + UINT64_C(0x9e3779b97f4a7c15));
	return seed ? seed : 1; /* an id of zeros is invalid */
}

/* All spans of a report have different ids. */
uint64_t otlp_id(const struct otlp *o, char what, uint64_t number)
{
	uint64_t id = mix(o->seed ^ mix(number << 8 | (unsigned char)what));

	return id ? id : 1;
}

static void set_ids(struct otlp *o)
{
	const char *id = o->report->run.id;

	o->seed = hash(0, id);
	snprintf(o->trace_id, sizeof(o->trace_id), "%016" PRIx64 "%016" PRIx64, o->seed,
		 hash(o->seed, id));
}

/* -- Attributes ------------------------------------------------------------------------------------ */

static void put_text(struct json_writer *json, const char *key, const char *text)
{
	_cleanup_free_ char *clean = utf8_sanitize(text, strnlen(text, OTLP_LINE_BYTES), NULL);
	_cleanup_free_ char *shortened = view_shorten(clean, OTLP_TEXT_CHARS);

	json_put_text(json, key, shortened);
}

static void begin_attribute(struct otlp *o, const char *key)
{
	json_open_object(&o->json, NULL);
	json_put_text(&o->json, "key", key);
	json_open_object(&o->json, "value");
}

static void end_attribute(struct otlp *o)
{
	json_close(&o->json);
	json_close(&o->json);
}

void otlp_text(struct otlp *o, const char *key, const char *text)
{
	if (!text)
		return;
	begin_attribute(o, key);
	put_text(&o->json, "stringValue", text);
	end_attribute(o);
}

/* The JSON encoding of Protocol Buffers writes 64-bit numbers as strings. */
static void put_digits(struct json_writer *json, const char *key, int64_t number)
{
	char digits[32];

	snprintf(digits, sizeof(digits), "%" PRIi64, number);
	json_put_text(json, key, digits);
}

void otlp_number(struct otlp *o, const char *key, int64_t number)
{
	begin_attribute(o, key);
	put_digits(&o->json, "intValue", number);
	end_attribute(o);
}

void otlp_known(struct otlp *o, const char *key, struct optional_u64 number)
{
	if (number.known)
		otlp_number(o, key, (int64_t)number.value);
}

void otlp_bool(struct otlp *o, const char *key, bool value)
{
	begin_attribute(o, key);
	json_put_bool(&o->json, "boolValue", value);
	end_attribute(o);
}

static void put_field(struct otlp *o, const struct field *field, const void *value)
{
	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_WORD:
		otlp_text(o, field->attribute, *(const char *const *)value);
		break;
	case FIELD_U64:
	case FIELD_OPTIONAL_U64:
	case FIELD_OPTIONAL_I64:
		otlp_number(o, field->attribute, *(const int64_t *)value);
		break;
	case FIELD_BOOL:
	case FIELD_OPTIONAL_BOOL:
		otlp_bool(o, field->attribute, *(const bool *)value);
		break;
	default:
		break; /* its parts have attributes of their own */
	}
}

void otlp_fields(struct otlp *o, const struct fields *fields, const void *row)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->list[i];

		if (field->attribute && field_is_known(field, row))
			put_field(o, field, (const char *)row + field->offset);
	}
}

/* -- Spans ----------------------------------------------------------------------------------------- */

static FILE *open_text(char **ret_text, size_t *ret_bytes)
{
	FILE *text = open_memstream(ret_text, ret_bytes);

	if (!text)
		abort(); /* as in xmalloc() */
	return text;
}

static uint64_t unix_ns(const struct otlp *o, uint64_t offset_ns)
{
	uint64_t ns = 0;

	named_unix_ns(o->report, offset_ns, &ns);
	return ns;
}

static void put_time(struct otlp *o, const char *key, uint64_t offset_ns)
{
	put_digits(&o->json, key, (int64_t)unix_ns(o, offset_ns));
}

static void put_id(struct otlp *o, const char *key, uint64_t id)
{
	char digits[17];

	snprintf(digits, sizeof(digits), "%016" PRIx64, id);
	json_put_text(&o->json, key, digits);
}

void otlp_begin(struct otlp *o, uint64_t id, uint64_t parent, const char *name, uint64_t start_ns,
		uint64_t end_ns)
{
	json_writer_open(&o->json, open_text(&o->span, &o->span_bytes), JSON_COMPACT);
	json_open_object(&o->json, NULL);
	json_put_text(&o->json, "traceId", o->trace_id);
	put_id(o, "spanId", id);
	if (parent)
		put_id(o, "parentSpanId", parent);
	put_text(&o->json, "name", name);
	json_put_u64(&o->json, "kind", 1);
	put_time(o, "startTimeUnixNano", start_ns);
	put_time(o, "endTimeUnixNano", MAX(start_ns, end_ns));
	json_open_array(&o->json, "attributes");
}

void otlp_events(struct otlp *o, const struct report_phase *phases, size_t count)
{
	if (!count)
		return;
	json_close(&o->json);
	json_open_array(&o->json, "events");
	for (size_t i = 0; i < MIN(count, (size_t)EVENTS_MAX); i++) {
		json_open_object(&o->json, NULL);
		put_time(o, "timeUnixNano", phases[i].start_ns);
		put_text(&o->json, "name", phases[i].name);
		json_close(&o->json);
	}
}

static void end_line(struct otlp *o)
{
	if (o->line_bytes)
		fputs("]}]}]}\n", o->out);
	o->line_bytes = 0;
}

void otlp_end(struct otlp *o, enum otlp_status status, const char *message)
{
	json_close(&o->json);
	if (status != OTLP_UNSET) {
		json_open_object(&o->json, "status");
		json_put_u64(&o->json, "code", status);
		put_text(&o->json, "message", message);
		json_close(&o->json);
	}
	json_close(&o->json);
	fclose(o->json.out);

	if (o->line_bytes + o->span_bytes > OTLP_LINE_BYTES)
		end_line(o);
	fprintf(o->out, "%s%s", o->line_bytes ? "," : o->resource, o->span);
	o->line_bytes += (o->line_bytes ? 1 : strlen(o->resource)) + o->span_bytes;
	free(o->span);
	o->span = NULL;
}

/* -- A report -------------------------------------------------------------------------------------- */

void otlp_open(struct otlp *o, const struct report *report, FILE *out,
	       void (*describe)(struct otlp *o))
{
	size_t size;

	*o = (struct otlp){.report = report, .out = out};
	set_ids(o);
	/* end_line() closes what is open at the end. */
	json_writer_open(&o->json, open_text(&o->resource, &size), JSON_COMPACT);
	json_open_object(&o->json, NULL);
	json_open_array(&o->json, "resourceSpans");
	json_open_object(&o->json, NULL);
	json_open_object(&o->json, "resource");
	json_open_array(&o->json, "attributes");
	describe(o);
	json_close(&o->json);
	json_close(&o->json);
	json_open_array(&o->json, "scopeSpans");
	json_open_object(&o->json, NULL);
	json_open_object(&o->json, "scope");
	json_put_text(&o->json, "name", "latwrap");
	put_text(&o->json, "version", report->tool.version);
	json_close(&o->json);
	json_open_array(&o->json, "spans");
	fclose(o->json.out);
}

void otlp_close(struct otlp *o)
{
	end_line(o);
	free(o->resource);
	o->resource = NULL;
}
