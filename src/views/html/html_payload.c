/* The reports inside the HTML page: JSON, compressed, in base64 */
#include "views/html/html_payload.h"

#include <inttypes.h>
#include <sys/types.h>
#include <zlib.h>

#include "base/utf8.h"
#include "catalog/causes.h"
#include "catalog/kinds.h"
#include "report/load.h"
#include "views/reasons.h"
#include "report/write.h"

#define LEVELS 20

/* -- Compression: a FILE that keeps at most so many bytes ------------------------------------------ */

struct packer {
	z_stream stream;
	unsigned char *packed;
	size_t size_bytes, max_bytes;
	bool full;
};

static void pack(struct packer *packer, int flush)
{
	int r;

	do {
		packer->stream.next_out = packer->packed + packer->size_bytes;
		packer->stream.avail_out = (uInt)(packer->max_bytes - packer->size_bytes);
		r = deflate(&packer->stream, flush);
		packer->size_bytes = packer->max_bytes - packer->stream.avail_out;
		packer->full = packer->stream.avail_out == 0;
	} while (!packer->full && r == Z_OK && packer->stream.avail_in > 0);
	packer->full |= flush == Z_FINISH && r != Z_STREAM_END;
}

static ssize_t packer_write(void *cookie, const char *data, size_t size)
{
	struct packer *packer = cookie;

	if (!packer->full) {
		packer->stream.next_in = (Bytef *)data;
		packer->stream.avail_in = (uInt)size;
		pack(packer, Z_NO_FLUSH);
	}
	/* What has no room is thrown away: an error would only make stdio try again. */
	return (ssize_t)size;
}

static FILE *packer_open(struct packer *packer, size_t max_bytes)
{
	static const cookie_io_functions_t functions = {.write = packer_write};

	*packer = (struct packer){.packed = xmalloc(max_bytes), .max_bytes = max_bytes};
	/* 16 + 15: with gzip's header, which browsers can unpack. */
	if (deflateInit2(&packer->stream, Z_BEST_COMPRESSION, Z_DEFLATED, 16 + 15, 9,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	return fopencookie(packer, "w", functions);
}

static void packer_done(struct packer *packer)
{
	deflateEnd(&packer->stream);
	free(packer->packed);
}

static void print_base64(const unsigned char *data, size_t size, FILE *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < size; i += 3) {
		uint32_t n = (uint32_t)data[i] << 16;

		n |= i + 1 < size ? (uint32_t)data[i + 1] << 8 : 0;
		n |= i + 2 < size ? (uint32_t)data[i + 2] : 0;
		putc(digits[n >> 18], out);
		putc(digits[n >> 12 & 63], out);
		putc(i + 1 < size ? digits[n >> 6 & 63] : '=', out);
		putc(i + 2 < size ? digits[n & 63] : '=', out);
	}
}

/* -- What has room --------------------------------------------------------------------------------- */

/* The long lists of a report, what makes a row matter, and how many rows there may be at the first
 * level that leaves out any; each further level halves it. */
static const struct list {
	const char *key, *worth;
	size_t rows;
} lists[] = {
	{"stalls", "duration_ns", 4000},     {"spans", "stalled_ns", 20000},
	{"processes", "stalls", 2000},       {"files", "total_ns", 1000},
	{"commands", "waits.total_ns", 500}, {"operations", "total_ns", 500},
};

struct limits {
	unsigned int level; /* 0: everything */
	size_t reports;
	size_t share; /* of how many reports a list of one gets its rows */
	size_t items, keys, text_bytes;
};

static struct limits limits_at(unsigned int level, size_t reports)
{
	struct limits limits = {
		.level = level,
		.reports = reports,
		.share = reports ? reports : 1,
		.items = SIZE_MAX,
		.keys = SIZE_MAX,
		.text_bytes = SIZE_MAX,
	};

	if (level == 0)
		return limits;
	limits.items = MAX((size_t)8192 >> level, (size_t)16);
	limits.keys = 200;
	limits.text_bytes = MAX((size_t)16384 >> level, (size_t)64);
	/* Thousands of reports: not even the smallest part of each may have room. */
	if (level >= 10)
		limits.reports = MAX(reports >> (level - 9), (size_t)1);
	return limits;
}

static size_t rows_of(const struct list *list, const struct limits *limits)
{
	size_t rows = list->rows / limits->share;

	if (limits->level == 0)
		return SIZE_MAX;
	return MAX(rows >> (limits->level - 1), limits->level > 12 ? (size_t)0 : (size_t)5);
}

static void print_text(const char *text, const struct limits *limits, FILE *out)
{
	_cleanup_free_ char *clean = NULL, *part = NULL;

	if (strlen(text) <= limits->text_bytes) {
		report_print_json_string(text, out);
		return;
	}
	clean = utf8_sanitize(text, strnlen(text, limits->text_bytes), NULL);
	part = xasprintf("%s...", clean);
	report_print_json_string(part, out);
}

static void print_limited(const cJSON *value, const struct limits *limits, FILE *out);

/* Of samples over time the end is as good as the beginning: every second one, or third. */
static void print_samples(const cJSON *samples, const struct limits *limits, FILE *out)
{
	size_t total = (size_t)cJSON_GetArraySize(samples), n = 0;
	size_t step = limits->level == 0 ? 1 : total / limits->items + 1;
	const cJSON *sample;

	putc('[', out);
	cJSON_ArrayForEach(sample, samples) {
		if (n % step == 0) {
			fputs(n > 0 ? "," : "", out);
			print_limited(sample, limits, out);
		}
		n++;
	}
	putc(']', out);
}

static void print_limited(const cJSON *value, const struct limits *limits, FILE *out)
{
	size_t n = 0, max = cJSON_IsObject(value) ? limits->keys : limits->items;
	const cJSON *child;

	if (cJSON_IsString(value)) {
		print_text(report_string(value, "", ""), limits, out);
		return;
	}
	if (!cJSON_IsObject(value) && !cJSON_IsArray(value)) {
		report_print_json_value(value, out);
		return;
	}
	putc(cJSON_IsObject(value) ? '{' : '[', out);
	cJSON_ArrayForEach(child, value) {
		const char *key = child->string ? child->string : "";

		if (n == max)
			break;
		fputs(n++ ? "," : "", out);
		if (cJSON_IsObject(value)) {
			print_text(key, limits, out);
			putc(':', out);
		}
		if (cJSON_IsArray(child) && streq(key, "samples"))
			print_samples(child, limits, out);
		else
			print_limited(child, limits, out);
	}
	putc(cJSON_IsObject(value) ? '}' : ']', out);
}

/* -- Lists ----------------------------------------------------------------------------------------- */

/* One of the report's lists with the rows that are kept, in the order of the report. */
struct kept {
	const cJSON **rows;
	size_t count, total;
};

struct worth {
	size_t order;
	uint64_t value;
	const cJSON *row;
};

static int compare_worth(const void *a, const void *b)
{
	const struct worth *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int compare_order(const void *a, const void *b)
{
	const struct worth *x = a, *y = b;

	return x->order < y->order ? -1 : x->order > y->order;
}

static struct kept keep_rows(const cJSON *array, const struct list *list,
			     const struct limits *limits)
{
	size_t total = (size_t)cJSON_GetArraySize(array), n = 0;
	_cleanup_free_ struct worth *all = xcalloc(total + 1, sizeof(*all));
	struct kept kept = {.total = total};
	const cJSON *row;

	cJSON_ArrayForEach(row, array) {
		/* A test that failed matters whether it stood still or not. */
		bool failed = streq(report_string(row, "outcome", ""), "failed");
		uint64_t value;

		value = report_u64(row, list->worth, 0);
		all[n] = (struct worth){.order = n, .row = row};
		all[n++].value = value + (failed && value < UINT64_MAX);
	}
	kept.count = MIN(total, rows_of(list, limits));
	if (kept.count < total) {
		qsort(all, total, sizeof(*all), compare_worth);
		qsort(all, kept.count, sizeof(*all), compare_order);
	}
	kept.rows = xcalloc(kept.count + 1, sizeof(const cJSON *));
	for (size_t i = 0; i < kept.count; i++)
		kept.rows[i] = all[i].row;
	return kept;
}

static const struct list *find_list(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (streq(lists[i].key, key))
			return &lists[i];
	return NULL;
}

static void print_rows(const struct kept *kept, const struct limits *limits, FILE *out)
{
	putc('[', out);
	for (size_t i = 0; i < kept->count; i++) {
		fputs(i > 0 ? "," : "", out);
		print_limited(kept->rows[i], limits, out);
	}
	putc(']', out);
}

/* -- Words, said once for all views ---------------------------------------------------------------- */

static const struct view_style style = {
	.escape = view_escape_terminal,
	.name_columns = 64,
	.path_columns = 160,
};

static void print_words(const cJSON *stall, FILE *out)
{
	_cleanup_free_ char *who = view_stall_who(stall, &style);
	_cleanup_free_ char *what = view_stall_what(stall, &style);
	struct view_why why;

	view_stall_why(stall, &style, &why);
	fputs("{\"who\":", out);
	report_print_json_string(who ? who : "", out);
	fputs(",\"what\":", out);
	report_print_json_string(what, out);
	fputs(",\"why\":[", out);
	for (size_t i = 0; i < why.n_parts; i++) {
		fprintf(out, "%s[%" PRIu64 ",", i > 0 ? "," : "", why.parts[i].ns);
		report_print_json_string(why.parts[i].text, out);
		putc(']', out);
	}
	fputs("]}", out);
	view_why_clear(&why);
}

static void print_all_words(const struct kept *kept, FILE *out)
{
	putc('[', out);
	for (size_t i = 0; i < kept->count; i++) {
		fputs(i > 0 ? "," : "", out);
		print_words(kept->rows[i], out);
	}
	putc(']', out);
}

static void print_reasons(const cJSON *report, const struct limits *limits, FILE *out)
{
	char *reasons[REASONS_MAX];
	size_t n = reasons_list(report, reasons);

	fputs(",\"reasons\":[", out);
	for (size_t i = 0; i < n; i++) {
		fputs(i > 0 ? "," : "", out);
		print_text(reasons[i], limits, out);
		free(reasons[i]);
	}
	putc(']', out);
}

/* The page has no words or colours of its own for them. */
static void print_catalog(FILE *out)
{
	fputs("\"kinds\":{", out);
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++) {
		fprintf(out, "%s\"%s\":", kind ? "," : "", kind_catalog[kind].name);
		report_print_json_string(kind_catalog[kind].heading, out);
	}
	fputs("},\"causes\":{", out);
	for (enum cause cause = 0; cause < CAUSES; cause++) {
		const struct cause_facts *facts = &cause_catalog[cause];

		fprintf(out, "%s\"%s\":{\"words\":", cause ? "," : "", facts->name);
		report_print_json_string(facts->words, out);
		fprintf(out, ",\"light\":\"%s\",\"dark\":\"%s\"}", facts->light, facts->dark);
	}
	putc('}', out);
}

/* -- All of it ------------------------------------------------------------------------------------- */

/* What of a report has room. */
struct part {
	const cJSON *report;
	struct kept lists[ARRAY_SIZE(lists)];
	struct kept *also; /* the stalls of each of those watched beside the run */
	size_t n_also, also_cut, attempts_cut;
};

static void choose(struct part *part, const cJSON *report, const struct limits *limits)
{
	const cJSON *list = report_array(report, "also"), *also, *attempt;
	size_t n = (size_t)cJSON_GetArraySize(list);

	*part = (struct part){.report = report, .also = xcalloc(n + 1, sizeof(*part->also))};
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		part->lists[i] = keep_rows(report_array(report, lists[i].key), &lists[i], limits);
	cJSON_ArrayForEach(also, list) {
		struct kept *kept = &part->also[part->n_also];

		if (part->n_also++ >= limits->items)
			break;
		*kept = keep_rows(report_array(also, "stalls"), &lists[0], limits);
		part->also_cut += kept->total - kept->count;
	}
	part->n_also = MIN(part->n_also, limits->items);
	cJSON_ArrayForEach(attempt, report_array(report, "attempts")) {
		part->attempts_cut += limits->level > 0 && report_object(attempt, "report");
	}
}

static void choose_done(struct part *part)
{
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		free(part->lists[i].rows);
	for (size_t i = 0; i < part->n_also; i++)
		free(part->also[i].rows);
	free(part->also);
}

/* An object, but that instead of its field key there is a choice of rows, or null (rows NULL). */
static void print_with(const cJSON *object, const char *field, const struct kept *rows,
		       const struct limits *limits, FILE *out)
{
	const cJSON *child, *replaced = report_get(object, field);
	size_t n = 0;

	if (!cJSON_IsObject(object)) {
		print_limited(object, limits, out);
		return;
	}
	putc('{', out);
	cJSON_ArrayForEach(child, object) {
		if (n == limits->keys)
			break;
		fputs(n++ ? "," : "", out);
		print_text(child->string ? child->string : "", limits, out);
		putc(':', out);
		if (child == replaced && rows)
			print_rows(rows, limits, out);
		else if (child == replaced)
			fputs("null", out);
		else
			print_limited(child, limits, out);
	}
	putc('}', out);
}

static void print_also(const struct part *part, const cJSON *list, const struct limits *limits,
		       FILE *out)
{
	const cJSON *also = list->child;

	putc('[', out);
	for (size_t i = 0; i < part->n_also && also; i++, also = also->next) {
		bool rows = report_array(also, "stalls");

		fputs(i > 0 ? "," : "", out);
		print_with(also, rows ? "stalls" : "", &part->also[i], limits, out);
	}
	putc(']', out);
}

/* The reports of earlier attempts are the first to go. */
static void print_attempts(const cJSON *list, const struct limits *limits, FILE *out)
{
	const cJSON *attempt;
	size_t n = 0;

	putc('[', out);
	cJSON_ArrayForEach(attempt, list) {
		if (n == limits->items)
			break;
		fputs(n++ ? "," : "", out);
		print_with(attempt, limits->level > 0 ? "report" : "", NULL, limits, out);
	}
	putc(']', out);
}

static void print_report(const struct part *part, const struct limits *limits, FILE *out)
{
	size_t n = 0;
	const cJSON *field;

	putc('{', out);
	cJSON_ArrayForEach(field, part->report) {
		const char *key = field->string ? field->string : "";
		const struct list *list = find_list(key);
		/* Of duplicate keys report_array() takes the first. */
		bool chosen = cJSON_IsArray(field) && field == report_get(part->report, key);

		if (n == limits->keys)
			break;
		fputs(n++ ? "," : "", out);
		report_print_json_string(key, out);
		putc(':', out);
		if (chosen && list)
			print_rows(&part->lists[list - lists], limits, out);
		else if (chosen && streq(key, "also"))
			print_also(part, field, limits, out);
		else if (chosen && streq(key, "attempts"))
			print_attempts(field, limits, out);
		else
			print_limited(field, limits, out);
	}
	putc('}', out);
}

static void print_cut(const char **separator, const char *what, size_t count, FILE *out)
{
	if (!count)
		return;
	fprintf(out, "%s\"%s\":%zu", *separator, what, count);
	*separator = ",";
}

static void print_named(const struct named_report *named, const struct limits *limits, FILE *out)
{
	_cleanup_free_ char *label = named_label(named, &style);
	const char *separator = "";
	struct part part;

	choose(&part, named->report, limits);
	fputs("{\"name\":", out);
	report_print_json_string(named->name, out);
	fputs(",\"label\":", out);
	report_print_json_string(label, out);
	fputs(",\"report\":", out);
	print_report(&part, limits, out);
	fputs(",\"words\":", out);
	print_all_words(&part.lists[0], out);
	fputs(",\"alsoWords\":[", out);
	for (size_t i = 0; i < part.n_also; i++) {
		fputs(i > 0 ? "," : "", out);
		print_all_words(&part.also[i], out);
	}
	putc(']', out);
	print_reasons(named->report, limits, out);
	fputs(",\"cut\":{", out);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		print_cut(&separator, lists[i].key, part.lists[i].total - part.lists[i].count, out);
	print_cut(&separator, "watched stalls", part.also_cut, out);
	print_cut(&separator, "earlier attempts", part.attempts_cut, out);
	fprintf(out, "},\"shortened\":%s}", limits->level > 0 ? "true" : "false");
	choose_done(&part);
}

bool html_payload_print(const struct named_reports *reports, FILE *out, size_t max_bytes)
{
	/* Four characters are three bytes. */
	size_t packed_bytes = max_bytes / 4 * 3;
	bool done = false;

	for (unsigned int level = 0; level < LEVELS && !done && packed_bytes > 0; level++) {
		struct limits limits = limits_at(level, reports->count);
		struct packer packer;
		FILE *json = packer_open(&packer, packed_bytes);

		if (json) {
			putc('{', json);
			print_catalog(json);
			fprintf(json, ",\"reportsCut\":%zu,\"reports\":[",
				reports->count - limits.reports);
			for (size_t i = 0; i < limits.reports && !packer.full; i++) {
				fputs(i > 0 ? "," : "", json);
				print_named(&reports->list[i], &limits, json);
			}
			fputs("]}", json);
			fclose(json);
			if (!packer.full)
				pack(&packer, Z_FINISH);
			done = !packer.full;
		}
		if (done)
			print_base64(packer.packed, packer.size_bytes, out);
		packer_done(&packer);
	}
	return done;
}
