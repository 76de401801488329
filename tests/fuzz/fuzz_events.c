/* Fuzzes the model: any records in any order must give a report that is whole and adds up */
#include "base/utf8.h"
#include "base/util.h"
#include "fuzz.h"
#include "model/record.h"
#include "model/stall.h"
#include "model/table.h"
#include "report/build.h"
#include "report/event_log.h"
#include "report/load.h"
#include "views/text/text.h"
#include "report/write.h"
#include "stream.h"
#include "spans/span_observer.h"

/* -- The input: a stream of items (stream.h) ------------------------------------------------------- */

static bool next_item(const uint8_t *data, size_t size, size_t *at, struct stream_item *ret)
{
	if (size - *at < sizeof(*ret))
		return false;
	memcpy(ret, data + *at, sizeof(*ret));
	*at += sizeof(*ret);
	ret->bytes = (uint16_t)MIN((size_t)ret->bytes, size - *at);
	return true;
}

static void take_totals(struct model *model, enum stream_kind kind, const uint8_t *payload,
			size_t bytes)
{
	struct stream_file_totals file;
	struct stream_call_totals call;

	if (kind == STREAM_FILE_TOTALS && bytes == sizeof(file)) {
		memcpy(&file, payload, sizeof(file));
		model_file_totals(model, &file.id, &file.totals);
	} else if (kind == STREAM_CALL_TOTALS && bytes == sizeof(call)) {
		memcpy(&call, payload, sizeof(call));
		model_call_totals(model, (uint32_t)call.number, &call.totals);
	}
}

static void take_item(struct model *model, struct event_log *log, const struct stream_item *item,
		      const uint8_t *payload)
{
	/* Of just this size and aligned as the ring buffer aligns. */
	_cleanup_free_ void *record = NULL;

	switch (item->kind) {
	case STREAM_RECORD:
		record = xmalloc(item->bytes);
		memcpy(record, payload, item->bytes);
		model_record(model, record, item->bytes);
		event_log_record(log, record, item->bytes);
		break;
	case STREAM_SNAPSHOT:
		model_snapshot_begin(model, item->bytes && payload[0]);
		break;
	default:
		take_totals(model, (enum stream_kind)item->kind, payload, item->bytes);
	}
}

/* -- The machine ----------------------------------------------------------------------------------- */

static char *mapped_file(void *context, uint32_t host_pid, uint64_t address,
			 const struct file_id *file)
{
	(void)context;
	(void)host_pid;
	(void)file;
	return address % 2 ? xstrdup("/mapped\xff") : NULL;
}

static char *cgroup_path(void *context, uint64_t id)
{
	(void)context;
	return id % 2 ? xstrdup("/cgroup\x1b") : NULL;
}

static void kernel_symbols(void *context, const uint64_t *addresses, size_t count,
			   char (*ret)[SYMBOL_BYTES])
{
	static const char *const names[] = {"schedule", "folio_wait", "fuse_", "", "strange"};

	(void)context;
	for (size_t i = 0; i < count && addresses[i]; i++)
		strcpy(ret[i], names[addresses[i] % ARRAY_SIZE(names)]);
}

/* -- What must hold -------------------------------------------------------------------------------- */

static void check_model(const struct model *model)
{
	size_t count;
	_cleanup_free_ struct stall **stalls = model_stalls(model, &count);

	for (size_t i = 0; i < count; i++) {
		uint64_t sum_ns = 0;

		for (enum cause cause = 0; cause < CAUSES; cause++)
			sum_ns += stalls[i]->shares.ns[cause];
		must_hold(sum_ns == stalls[i]->duration_ns);
	}
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++) {
		const struct stall_stats *stats = &model->stalls[kind];
		uint64_t by_cause = 0;

		for (enum cause cause = 0; cause < CAUSES; cause++)
			by_cause += stats->cause_count[cause];
		must_hold(by_cause == stats->durations.count);
		must_hold(stats->kept_count + stats->dropped == stats->durations.count);
		must_hold(stats->kept_count <= model->limits.stalls);
	}
}

static void check_report(const struct model *model, bool complete)
{
	static char *argv[] = {(char *)"\xff\x1b", NULL};
	const struct text_options options = {.max_stalls = 10};
	struct run_facts facts = {
		.id = (char *)"f00d",
		.leftovers_action = "leave",
		.argv = argv,
		.start_ns = 1000,
		.trace = {.status = TRACE_FULL, .cpu = true, .io = true},
	};
	struct verdict verdict;
	const struct report_source source = {
		.model = model, .facts = &facts, .verdict = &verdict, .complete = complete};
	_cleanup_report_ struct report *report = NULL, *parsed = NULL;
	_cleanup_free_ char *json = NULL, *text = NULL;
	size_t json_size, text_size;
	FILE *out = open_memstream(&json, &json_size);

	verdict_reach(model, &facts, &verdict);
	report = report_build(&source);
	verdict_done(&verdict);
	must_hold(out);
	report_print_json(report, out);
	fclose(out);
	must_hold(utf8_valid_len(json, json_size) == json_size);
	must_hold(report_parse(json, json_size, "fuzz", &parsed) == 0);
	out = open_memstream(&text, &text_size);
	must_hold(out);
	report_print_text(parsed, out, &options);
	fclose(out);
	must_hold(utf8_valid_len(text, text_size) == text_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct model_limits limits = {4, 4, 4, 4};
	const struct model_resolvers resolvers = {
		.mapped_file = mapped_file,
		.cgroup_path = cgroup_path,
		.kernel_symbols = kernel_symbols,
	};
	struct model *model = model_new(&limits, 5000000, 10000000, &resolvers);
	struct stream_item item;
	struct event_log log = {.start_ns = 1000};
	_cleanup_free_ char *lines = NULL;
	size_t at = 0, lines_size;

	spans_observe(model);
	log.out = open_memstream(&lines, &lines_size);
	must_hold(log.out);
	while (next_item(data, size, &at, &item)) {
		take_item(model, &log, &item, data + at);
		at += item.bytes;
	}
	check_model(model);
	event_log_write(&log, model, UINT64_MAX, false, 0);
	event_queue_done(&log.queue);
	fclose(log.out);
	must_hold(utf8_valid_len(lines, lines_size) == lines_size);
	check_report(model, size % 2);
	model_free(model);
	return 0;
}

/* -- Mutations that know where items begin ---------------------------------------------------------- */

#define ITEMS_MAX 512

/* Where items begin; starts[count] is the end of the last. */
static size_t find_items(const uint8_t *data, size_t size, size_t starts[ITEMS_MAX + 1])
{
	struct stream_item item;
	size_t count = 0, at = 0;

	while (count < ITEMS_MAX) {
		starts[count] = at;
		if (!next_item(data, size, &at, &item))
			break;
		at += item.bytes;
		count++;
	}
	starts[count] = at;
	return count;
}

/* Puts a copy of the item at `from` in front of that at `to`. */
static size_t copy_item(uint8_t *data, size_t size, size_t max_size, const size_t *starts,
			size_t from, size_t to)
{
	size_t bytes = starts[from + 1] - starts[from];
	_cleanup_free_ uint8_t *copy = xmalloc(bytes);

	if (size + bytes > max_size)
		return size;
	memcpy(copy, data + starts[from], bytes);
	memmove(data + starts[to] + bytes, data + starts[to], size - starts[to]);
	memcpy(data + starts[to], copy, bytes);
	return size + bytes;
}

static size_t remove_item(uint8_t *data, size_t size, const size_t *starts, size_t which)
{
	memmove(data + starts[which], data + starts[which + 1], size - starts[which + 1]);
	return size - (starts[which + 1] - starts[which]);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	size_t starts[ITEMS_MAX + 1];
	size_t count = find_items(data, size, starts);
	size_t one, other, header = sizeof(struct stream_item);

	if (!count || seed % 16 == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	one = seed / 16 % count;
	other = seed / 4096 % count;
	switch (seed % 4) {
	case 0:
		return copy_item(data, size, max_size, starts, one, other);
	case 1:
		return remove_item(data, size, starts, one);
	default:
		if (starts[one + 1] - starts[one] > header)
			LLVMFuzzerMutate(data + starts[one] + header,
					 starts[one + 1] - starts[one] - header,
					 starts[one + 1] - starts[one] - header);
		return size;
	}
}
