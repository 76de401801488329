/* Fuzzes what programs print: of a few processes, in pieces, with reports in between */
#include "spans/span_apply.h"
#include "spans/span_observer.h"
#include "spans/span_selection.h"

#include "../unit/packet.h"
#include "../unit/span_check.h"
#include "base/util.h"
#include "fuzz.h"
#include "model/record.h"

#define MS        NSEC_PER_MSEC
#define PROCESSES 3

static void start(struct model *model, uint32_t pid, uint64_t time_ns)
{
	const struct record_start record = {
		.header = {.type = RECORD_THREAD_START, .time_ns = time_ns},
		.id = {.pid = pid, .tid = pid, .host_pid = pid, .host_tid = pid},
		.ppid = pid - 1,
		.creator_host_pid = pid - 1,
	};

	model_record(model, &record, sizeof(record));
}

static void end(struct model *model, uint32_t pid, uint64_t time_ns, uint8_t how)
{
	const struct record_thread record = {
		.header = {.type = RECORD_THREAD_END, .time_ns = time_ns},
		.id = {.pid = pid, .tid = pid, .host_pid = pid, .host_tid = pid},
		.is_leader = 1,
		.exit_code = how,
	};

	model_record(model, &record, sizeof(record));
}

static void print(struct model *model, uint32_t pid, uint64_t time_ns, uint8_t how,
		  const uint8_t *data, size_t size)
{
	struct record_results *record = xcalloc(1, sizeof(*record) + size);

	record->header = (struct record_header){.type = RECORD_RESULTS, .time_ns = time_ns};
	record->id = (struct task_id){.pid = pid, .tid = pid, .host_pid = pid, .host_tid = pid};
	record->fd = how & 1 ? 2 : 1;
	record->is_cut = how & 2;
	record->is_begin = how >> 4 & 1;
	record->input = how & 4;
	record->output = how & 8 ? pid / 3 : 0;
	record->data_bytes = (u32)size;
	memcpy(record->data, data, size);
	model_record(model, record, sizeof(*record) + size);
	free(record);
}

/* The flags and the rest of a packet; 0xff, which no text has, is a NUL. */
static void print_packet(struct model *model, uint32_t pid, uint64_t time_ns, uint8_t how,
			 const uint8_t *data, size_t size)
{
	size_t bytes = MIN(size, (size_t)PACKET_MAX - PACKET_MORE);
	char packet[PACKET_MAX];

	if (bytes < 2)
		return;
	for (size_t i = 0; i < bytes; i++)
		packet[i] = (char)(data[i] == 0xff ? 0 : data[i]);
	bytes = packet_make(packet, (unsigned)data[0] << 8 | data[1], packet + 2, bytes - 2);
	if (how & 16)
		bytes /= 2;
	print(model, pid, time_ns, how, (const uint8_t *)packet, bytes);
}

static void report(struct model *model, uint32_t pid, uint64_t time_ns, uint8_t how)
{
	const struct span_message message = {
		.event = how & 1 ? SPAN_BEGIN : SPAN_END,
		.id = "told",
		.name = "told",
		.sender_pid = pid,
		.time_ns = time_ns,
		.received_ns = time_ns,
	};

	model_span_message(model, &message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct model_limits limits = {4, 4, 4, 4};
	struct model *model = model_new(&limits, 1 * MS, 1 * MS, NULL);
	uint64_t now_ns = 1000 * MS;

	spans_observe(model);
	for (uint32_t pid = 10; pid < 10 + PROCESSES; pid++)
		start(model, pid, now_ns);
	/* Each step has two bytes: what happens, and how; then what is printed, to a NUL. */
	for (size_t at = 0; at + 2 < size; now_ns += MS) {
		uint8_t what = data[at], how = data[at + 1];
		size_t length = strnlen((const char *)data + at + 2, size - at - 2);
		uint32_t pid = 10 + what % PROCESSES;

		if (what < 200 && how & 32)
			print_packet(model, pid, now_ns - what / 100 * MS, how, data + at + 2,
				     length);
		else if (what < 200)
			print(model, pid, now_ns - what / 100 * MS, how, data + at + 2, length);
		else if (what < 230)
			report(model, pid, now_ns, how);
		else if (what < 250)
			model_spans_sweep(model, now_ns, SIZE_MAX);
		else
			end(model, pid, now_ns, how);
		at += length + 3;
	}
	must_hold(!span_fault(model));
	model_spans_finalize(model, UINT64_MAX, now_ns);
	must_hold(!span_fault(model) && !model->spans->live_count);
	model_free(model);
	return 0;
}
