/* The parts that OTLP/JSON is made of: lines, spans, attributes, ids */
#include "views/otlp/otlp_print.h"

#include <inttypes.h>

#include "base/utf8.h"
#include "base/util.h"
#include "report/load.h"
#include "report/write.h"

#define EVENTS_MAX 8

/* -- Ids ------------------------------------------------------------------------------------------- */

/* The finalizer of splitmix64, which gives different numbers for different ones. */
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
	return seed ? seed : 1; /* all zeros is no id */
}

/* No two of a report's spans have the same. */
uint64_t otlp_id(const struct otlp *o, char what, uint64_t number)
{
	uint64_t id = mix(o->seed ^ mix(number << 8 | (unsigned char)what));

	return id ? id : 1;
}

static void set_ids(struct otlp *o)
{
	const char *id = report_string(o->report, "run.id", "");

	o->seed = hash(0, id);
	snprintf(o->trace_id, sizeof(o->trace_id), "%016" PRIx64 "%016" PRIx64, o->seed,
		 hash(o->seed, id));
}

/* -- Attributes ------------------------------------------------------------------------------------ */

static void print_text(FILE *out, const char *text)
{
	_cleanup_free_ char *clean = utf8_sanitize(text, strnlen(text, OTLP_LINE_BYTES), NULL);
	_cleanup_free_ char *shortened = view_shorten(clean, OTLP_TEXT_CHARS);

	report_print_json_string(shortened, out);
}

static void begin_attribute(struct otlp *o, const char *key)
{
	fprintf(o->text, "%s{\"key\":\"%s\",\"value\":{", o->attributes++ ? "," : "", key);
}

void otlp_text(struct otlp *o, const char *key, const char *text)
{
	if (!text)
		return;
	begin_attribute(o, key);
	fputs("\"stringValue\":", o->text);
	print_text(o->text, text);
	fputs("}}", o->text);
}

void otlp_number(struct otlp *o, const char *key, int64_t number)
{
	begin_attribute(o, key);
	fprintf(o->text, "\"intValue\":\"%" PRIi64 "\"}}", number);
}

void otlp_bool(struct otlp *o, const char *key, bool value)
{
	begin_attribute(o, key);
	fprintf(o->text, "\"boolValue\":%s}}", value ? "true" : "false");
}

void otlp_field(struct otlp *o, const char *key, const cJSON *row, const char *path)
{
	const cJSON *value = report_get(row, path);

	if (cJSON_IsString(value))
		otlp_text(o, key, report_string(value, "", NULL));
	else if (cJSON_IsNumber(value) && __builtin_isfinite(value->valuedouble))
		otlp_number(o, key, report_i64(value, "", 0));
	else if (cJSON_IsBool(value))
		otlp_bool(o, key, cJSON_IsTrue(value));
}

/* -- Spans ----------------------------------------------------------------------------------------- */

static FILE *open_text(char **ret_text, size_t *ret_bytes)
{
	FILE *text = open_memstream(ret_text, ret_bytes);

	if (!text)
		abort(); /* as xmalloc() does */
	return text;
}

static uint64_t unix_ns(const struct otlp *o, uint64_t offset_ns)
{
	uint64_t ns = 0;

	named_unix_ns(o->report, offset_ns, &ns);
	return ns;
}

void otlp_begin(struct otlp *o, uint64_t id, uint64_t parent, const char *name, uint64_t start_ns,
		uint64_t end_ns)
{
	o->text = open_text(&o->span, &o->span_bytes);
	fprintf(o->text, "{\"traceId\":\"%s\",\"spanId\":\"%016" PRIx64 "\"", o->trace_id, id);
	if (parent)
		fprintf(o->text, ",\"parentSpanId\":\"%016" PRIx64 "\"", parent);
	fputs(",\"name\":", o->text);
	print_text(o->text, name);
	fprintf(o->text,
		",\"kind\":1,\"startTimeUnixNano\":\"%" PRIu64 "\",\"endTimeUnixNano\":\"%" PRIu64
		"\",\"attributes\":[",
		unix_ns(o, start_ns), unix_ns(o, MAX(start_ns, end_ns)));
	o->attributes = 0;
}

void otlp_events(struct otlp *o, const cJSON *rows)
{
	unsigned int n = 0;
	const cJSON *row;

	cJSON_ArrayForEach(row, rows) {
		if (n == EVENTS_MAX || !report_known(row, "start_ns"))
			break;
		fprintf(o->text, "%s{\"timeUnixNano\":\"%" PRIu64 "\",\"name\":",
			n++ ? "," : "],\"events\":[", unix_ns(o, report_u64(row, "start_ns", 0)));
		print_text(o->text, report_string(row, "name", "?"));
		putc('}', o->text);
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
	putc(']', o->text);
	if (status != OTLP_UNSET) {
		fprintf(o->text, ",\"status\":{\"code\":%d,\"message\":", status);
		print_text(o->text, message);
		putc('}', o->text);
	}
	putc('}', o->text);
	fclose(o->text);

	if (o->line_bytes + o->span_bytes > OTLP_LINE_BYTES)
		end_line(o);
	fprintf(o->out, "%s%s", o->line_bytes ? "," : o->resource, o->span);
	o->line_bytes += (o->line_bytes ? 1 : strlen(o->resource)) + o->span_bytes;
	free(o->span);
	o->span = NULL;
}

/* -- A report -------------------------------------------------------------------------------------- */

void otlp_open(struct otlp *o, const cJSON *report, FILE *out, void (*describe)(struct otlp *o))
{
	size_t size;

	*o = (struct otlp){.report = report, .out = out};
	set_ids(o);
	o->text = open_text(&o->resource, &size);
	fputs("{\"resourceSpans\":[{\"resource\":{\"attributes\":[", o->text);
	describe(o);
	fputs("]},\"scopeSpans\":[{\"scope\":{\"name\":\"latwrap\",\"version\":", o->text);
	print_text(o->text, report_string(report, "tool.version", ""));
	fputs("},\"spans\":[", o->text);
	fclose(o->text);
}

void otlp_close(struct otlp *o)
{
	end_line(o);
	free(o->resource);
	o->resource = NULL;
}
