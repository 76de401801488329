/* Makes the payload of the HTML page: the reports as JSON, compressed, in base64 */
#include "views/html/html_payload.h"

#include <inttypes.h>
#include <sys/types.h>
#include <zlib.h>

#include "base/utf8.h"
#include "catalog/answers.h"
#include "catalog/causes.h"
#include "catalog/kinds.h"
#include "catalog/parts.h"
#include "catalog/words.h"
#include "views/account_words.h"
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
	/* Discards what does not fit: after an error stdio would only try again. */
	return (ssize_t)size;
}

static FILE *packer_open(struct packer *packer, size_t max_bytes)
{
	static const cookie_io_functions_t functions = {.write = packer_write};

	*packer = (struct packer){.packed = xmalloc(max_bytes), .max_bytes = max_bytes};
	/* 16 + 15: with a header of gzip, which browsers can decompress */
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

/* -- Size limits ----------------------------------------------------------------------------------- */

/*
 * At the first level that leaves out rows, the long lists of all reports together have this many
 * rows; each further level halves them.
 */
enum {
	STALLS = 4000,
	SPANS = 20000,
	PROCESSES = 2000,
	FILES = 1000,
	COMMANDS = 500,
	OPERATIONS = 500
};

struct limits {
	unsigned int level; /* 0: everything */
	size_t reports;
	size_t share; /* a list gets the rows of its kind, divided by this number of reports */
	struct json_room room;
};

static struct limits limits_at(unsigned int level, size_t reports)
{
	struct limits limits = {
		.level = level,
		.reports = reports,
		.share = reports ? reports : 1,
	};

	if (level == 0)
		return limits;
	/* These limits are for the content of rows. The rows themselves are selected below. */
	limits.room = (struct json_room){
		.items = MAX((size_t)8192 >> level, (size_t)16),
		.text_bytes = MAX((size_t)16384 >> level, (size_t)64),
		.whole_levels = 4,
	};
	/* Of thousands of reports, not even the smallest part of each may fit. */
	if (level >= 10)
		limits.reports = MAX(reports >> (level - 9), (size_t)1);
	return limits;
}

static size_t rows_at(const struct limits *limits, size_t at_first)
{
	size_t rows = at_first / limits->share;

	if (limits->level == 0)
		return SIZE_MAX;
	return MAX(rows >> (limits->level - 1), limits->level > 12 ? (size_t)0 : (size_t)5);
}

struct worth {
	size_t order;
	uint64_t value;
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

/* Returns a copy of the list with the kept rows in their order. */
static void *keep_rows(const void *list, size_t row_bytes, const struct worth *worth, size_t count,
		       size_t kept)
{
	_cleanup_free_ struct worth *all = xcalloc(count + 1, sizeof(*all));
	char *rows = xcalloc(kept + 1, row_bytes);

	if (count)
		memcpy(all, worth, count * sizeof(*all));
	if (kept < count) {
		qsort(all, count, sizeof(*all), compare_worth);
		qsort(all, kept, sizeof(*all), compare_order);
	}
	for (size_t i = 0; i < kept; i++)
		memcpy(rows + i * row_bytes, (const char *)list + all[i].order * row_bytes,
		       row_bytes);
	return rows;
}

/* Keeps as many rows as allowed, those with the largest value; counts the others. */
#define KEEP(rows, row, value_of_row, limits, at_first, ret_cut)                       \
	do {                                                                           \
		_cleanup_free_ struct worth *keep_worth =                              \
			xcalloc((rows).count + 1, sizeof(*keep_worth));                \
		size_t keep_count = MIN((rows).count, rows_at(limits, at_first));      \
		for (size_t keep_i = 0; keep_i < (rows).count; keep_i++) {             \
			const __typeof__(*(rows).list) *row = &(rows).list[keep_i];    \
			keep_worth[keep_i] = (struct worth){keep_i, value_of_row};     \
		}                                                                      \
		(rows).list = keep_rows((rows).list, sizeof(*(rows).list), keep_worth, \
					(rows).count, keep_count);                     \
		*(ret_cut) += (rows).count - keep_count;                               \
		(rows).count = keep_count;                                             \
	} while (0)

/* A failed test matters even without a stall. */
static uint64_t worth_of_span(const struct report_span *span)
{
	return span->stalled_ns + (span->outcome.value == SPAN_FAILED);
}

/* The part of a report that fits */
struct part {
	struct report report; /* owns its lists */
	size_t stalls_cut, spans_cut, processes_cut, files_cut, commands_cut, operations_cut;
	size_t watched_cut, attempts_cut;
};

static size_t items_at(const struct limits *limits, size_t count)
{
	return limits->room.items ? MIN(count, limits->room.items) : count;
}

static void choose_watched(struct part *part, const struct report *report,
			   const struct limits *limits)
{
	size_t count = items_at(limits, report->watched.count);
	struct report_watched *list = xcalloc(count + 1, sizeof(*list));

	for (size_t i = 0; i < count; i++) {
		list[i] = report->watched.list[i];
		KEEP(list[i].stalls, stall, stall->duration_ns, limits, STALLS, &part->watched_cut);
	}
	part->report.watched.list = list;
	part->report.watched.count = count;
}

/* Drops the reports of earlier attempts first. */
static void choose_attempts(struct part *part, const struct report *report,
			    const struct limits *limits)
{
	size_t count = items_at(limits, report->attempts.count);
	struct report_attempt *list;

	if (!report->attempts.list)
		return;
	list = xcalloc(count + 1, sizeof(*list));
	for (size_t i = 0; i < count; i++) {
		list[i] = report->attempts.list[i];
		if (limits->level == 0 || !list[i].report)
			continue;
		list[i].report = NULL;
		part->attempts_cut++;
	}
	part->report.attempts.list = list;
	part->report.attempts.count = count;
}

/* All times matter alike: keeps every second sample, or every third, and so on. */
static void choose_samples(struct part *part, const struct report *report,
			   const struct limits *limits)
{
	size_t total = report->timeline.samples.count, n = 0;
	size_t step = limits->level == 0 ? 1 : total / limits->room.items + 1;
	struct report_sample *list = xcalloc(total / step + 1, sizeof(*list));

	for (size_t i = 0; i < total; i += step)
		list[n++] = report->timeline.samples.list[i];
	part->report.timeline.samples.list = list;
	part->report.timeline.samples.count = n;
}

static void choose(struct part *part, const struct report *report, const struct limits *limits)
{
	struct report *to = &part->report;

	*part = (struct part){.report = *report};
	KEEP(to->stalls, stall, stall->duration_ns, limits, STALLS, &part->stalls_cut);
	KEEP(to->spans, span, worth_of_span(span), limits, SPANS, &part->spans_cut);
	KEEP(to->processes, process, process->stalls, limits, PROCESSES, &part->processes_cut);
	KEEP(to->files, file, file->total_ns, limits, FILES, &part->files_cut);
	KEEP(to->commands, command, command->waits.total_ns, limits, COMMANDS, &part->commands_cut);
	KEEP(to->operations, of, of->total_ns, limits, OPERATIONS, &part->operations_cut);
	choose_watched(part, report, limits);
	choose_attempts(part, report, limits);
	choose_samples(part, report, limits);
}

static void choose_done(struct part *part)
{
	for (size_t i = 0; i < part->report.watched.count; i++)
		free(part->report.watched.list[i].stalls.list);
	free(part->report.watched.list);
	free(part->report.attempts.list);
	free(part->report.timeline.samples.list);
	free(part->report.stalls.list);
	free(part->report.spans.list);
	free(part->report.processes.list);
	free(part->report.files.list);
	free(part->report.commands.list);
	free(part->report.operations.list);
}

/* -- Words, said once for all views ---------------------------------------------------------------- */

static const struct view_style style = {
	.escape = view_escape_terminal,
	.name_columns = 64,
	.path_columns = 160,
};

static void put_words(struct json_writer *json, const struct report_stall *stall)
{
	_cleanup_free_ char *who = view_stall_who(stall, &style);
	_cleanup_free_ char *what = view_stall_what(stall, &style);
	struct view_why why;

	view_stall_why(stall, &style, &why);
	json_open_object(json, NULL);
	json_put_text(json, "who", who ? who : "");
	json_put_text(json, "what", what);
	json_open_array(json, "why");
	for (size_t i = 0; i < why.n_parts; i++) {
		json_open_array(json, NULL);
		json_put_u64(json, NULL, why.parts[i].ns);
		json_put_text(json, NULL, why.parts[i].text);
		json_close(json);
	}
	json_close(json);
	json_close(json);
	view_why_clear(&why);
}

static void put_all_words(struct json_writer *json, const char *key,
			  const struct report_stall *stalls, size_t count)
{
	json_open_array(json, key);
	for (size_t i = 0; i < count; i++)
		put_words(json, &stalls[i]);
	json_close(json);
}

static void put_reasons(struct json_writer *json, const struct report *report)
{
	char *reasons[REASONS_MAX];
	size_t n = reasons_list(report, reasons);

	json_open_array(json, "reasons");
	for (size_t i = 0; i < n; i++) {
		json_put_text(json, NULL, reasons[i]);
		free(reasons[i]);
	}
	json_close(json);
}

static void put_answers(struct json_writer *json)
{
	json_open_object(json, "answers");
	for (enum answer answer = ANSWER_NONE + 1; answer < ANSWERS; answer++) {
		json_open_object(json, answer_catalog[answer].name);
		json_put_text(json, "words", answer_catalog[answer].words);
		json_put_text(json, "meaning", answer_catalog[answer].meaning);
		json_close(json);
	}
	json_close(json);
	json_open_object(json, "parts");
	for (enum account_part part = 0; part < PARTS; part++) {
		json_open_object(json, part_catalog[part].name);
		json_put_text(json, "verb", account_verb(part));
		json_put_text(json, "words", part_catalog[part].words);
		json_put_text(json, "light", part_catalog[part].light);
		json_put_text(json, "dark", part_catalog[part].dark);
		json_close(json);
	}
	json_close(json);
}

/* The page has no words and colours of its own for these. */
static void put_catalog(struct json_writer *json)
{
	put_answers(json);
	json_open_object(json, "kinds");
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
		json_put_text(json, kind_catalog[kind].name, kind_catalog[kind].heading);
	json_close(json);
	json_open_object(json, "causes");
	for (enum cause cause = 0; cause < CAUSES; cause++) {
		json_open_object(json, cause_catalog[cause].name);
		json_put_text(json, "words", cause_catalog[cause].words);
		json_put_text(json, "light", cause_catalog[cause].light);
		json_put_text(json, "dark", cause_catalog[cause].dark);
		json_close(json);
	}
	json_close(json);
	json_open_object(json, "details");
	for (size_t i = 0; i < stall_fields.count; i++)
		if (stall_fields.list[i].heading)
			json_put_text(json, stall_fields.list[i].name,
				      stall_fields.list[i].heading);
	json_close(json);
}

/* -- All of it ------------------------------------------------------------------------------------- */

static void put_cut(struct json_writer *json, const struct part *part)
{
	const struct {
		const char *what;
		size_t count;
	} cut[] = {
		{"stalls", part->stalls_cut},          {"spans", part->spans_cut},
		{"processes", part->processes_cut},    {"files", part->files_cut},
		{"commands", part->commands_cut},      {"operations", part->operations_cut},
		{"watched stalls", part->watched_cut}, {"earlier attempts", part->attempts_cut},
	};

	json_open_object(json, "cut");
	for (size_t i = 0; i < ARRAY_SIZE(cut); i++)
		if (cut[i].count)
			json_put_u64(json, cut[i].what, cut[i].count);
	json_close(json);
}

static void put_named(struct json_writer *json, const struct named_report *named,
		      const struct limits *limits)
{
	_cleanup_free_ char *label = named_label(named, &style);
	struct part part;

	choose(&part, named->report, limits);
	json_open_object(json, NULL);
	json_put_text(json, "name", named->name);
	json_put_text(json, "label", label);
	json->room = limits->room;
	fields_put(json, "report", &report_fields, &part.report);
	json->room = (struct json_room){0};
	put_all_words(json, "words", part.report.stalls.list, part.report.stalls.count);
	json_open_array(json, "watchedWords");
	for (size_t i = 0; i < part.report.watched.count; i++)
		put_all_words(json, NULL, part.report.watched.list[i].stalls.list,
			      part.report.watched.list[i].stalls.count);
	json_close(json);
	put_reasons(json, named->report);
	put_cut(json, &part);
	json_put_bool(json, "shortened", limits->level > 0);
	json_close(json);
	choose_done(&part);
}

static void put_page(const struct named_reports *reports, const struct limits *limits,
		     const struct packer *packer, FILE *out)
{
	struct json_writer json;

	json_writer_open(&json, out, JSON_COMPACT);
	json_open_object(&json, NULL);
	put_catalog(&json);
	json_put_u64(&json, "reportsCut", reports->count - limits->reports);
	json_open_array(&json, "reports");
	for (size_t i = 0; i < limits->reports && !packer->full; i++)
		put_named(&json, &reports->list[i], limits);
	json_close(&json);
	json_close(&json);
}

bool html_payload_print(const struct named_reports *reports, FILE *out, size_t max_bytes)
{
	/* Four characters of base64 are three bytes. */
	size_t packed_bytes = max_bytes / 4 * 3;
	bool done = false;

	for (unsigned int level = 0; level < LEVELS && !done && packed_bytes > 0; level++) {
		struct limits limits = limits_at(level, reports->count);
		struct packer packer;
		FILE *json = packer_open(&packer, packed_bytes);

		if (json) {
			put_page(reports, &limits, &packer, json);
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
