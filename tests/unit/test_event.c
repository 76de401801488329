/* Tests of model/event and model/event_queue: records of the log, in one order, damaged ones counted */
#include "model/event_queue.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include "records.h"
#include "tap.h"

struct seen {
	unsigned count;
	uint64_t last_ns;
	char path[64];
};

static void see(void *context, const struct event *event)
{
	struct seen *seen = context;

	ok(event->end_ns >= seen->last_ns);
	seen->last_ns = event->end_ns;
	seen->count++;
	snprintf(seen->path, sizeof(seen->path), "%s",
		 event->call.path.data ? event->call.path.data : "none");
}

static struct record_io_stall call_of(uint32_t number, uint64_t end_ns)
{
	return (struct record_io_stall){
		.header = {.type = RECORD_LOG_CALL, .time_ns = end_ns},
		.start_ns = end_ns - 10,
		.duration_ns = 10,
		.number = number,
		.file = {.inode = 7, .device = 1},
		.flags = IO_HAS_FILE,
		.mode = S_IFREG,
	};
}

static void test_order(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct event_queue queue = {0};
	struct seen seen = {0};

	for (uint64_t i = 0; i < 3000; i++) {
		struct record_io_stall record = call_of(SYS_read, 100 + i * 7919 % 3000);

		event_queue_add(&queue, &record, sizeof(record));
	}
	is_u64(event_queue_drain(&queue, model, 99, see, &seen), 0);
	is_int(seen.count, 0);
	is_u64(event_queue_drain(&queue, model, 1599, see, &seen), 0);
	is_int(seen.count, 1500);
	is_u64(event_queue_drain(&queue, model, UINT64_MAX, see, &seen), 0);
	is_int(seen.count, 3000);
	event_queue_done(&queue);
	model_free(model);
}

/* close(2) has no path of its own; the file's path may come later, by the other ring buffer. */
static void test_name_from_the_model(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct record_io_stall record = call_of(SYS_close, 50);
	struct event_queue queue = {0};
	struct seen seen = {0};
	struct {
		struct record_file record;
		char walk[4];
	} file = {
		.record = {.header = {.type = RECORD_FILE}, .file = record.file, .walk_bytes = 4}};

	event_queue_add(&queue, &record, sizeof(record));
	memcpy(file.record.data, "b\0a", 4);
	model_record(model, &file, sizeof(file.record) + 4);
	event_queue_drain(&queue, model, UINT64_MAX, see, &seen);
	is_str(seen.path, "/a/b");
	event_queue_done(&queue);
	model_free(model);
}

static void test_damaged(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct record_io_stall record = call_of(SYS_read, 50);
	struct record_log_wait wait = {
		.header = {.type = RECORD_LOG_WAIT, .time_ns = 9}, .start_ns = 10, .woken_ns = 10};
	struct event_queue queue = {0};
	struct seen seen = {0};
	struct event event;

	event_queue_add(&queue, &record, sizeof(record) - 1);
	record.argv_bytes = 1;
	event_queue_add(&queue, &record, sizeof(record));
	record.argv_bytes = 0;
	record.path[1].walk_bytes = 9;
	event_queue_add(&queue, &record, sizeof(record));
	record.path[1].walk_bytes = 0;
	record.number = 511;
	event_queue_add(&queue, &record, sizeof(record));
	event_queue_add(&queue, &wait, sizeof(wait));
	event_queue_add(&queue, &wait, 3);
	is_u64(event_queue_drain(&queue, model, UINT64_MAX, see, &seen), 5);
	is_int(seen.count, 0);
	/* A stall that is a call has its own record for the log; other cgroups are not in the log. */
	record = call_of(SYS_read, 50);
	record.header.type = RECORD_IO_STALL;
	ok(!event_decode(model, &record, sizeof(record), &event));
	record.header.type = RECORD_LOG_CALL;
	record.header.group = 1;
	ok(!event_decode(model, &record, sizeof(record), &event));
	event_queue_done(&queue);
	model_free(model);
}

int main(void)
{
	test_order();
	test_name_from_the_model();
	test_damaged();
	return tap_done();
}
