/* Events of the log: decodes a record into one file operation, page fault, wait, or start or end of a thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "catalog/words.h"
#include "model/model.h"

enum event_kind {
	EVENT_START, /* a thread starts */
	EVENT_EXIT, /* a process exits */
	EVENT_EXEC, /* a program is executed */
	EVENT_OTHER_CALL,
	EVENT_FAULT, /* a stalled page fault */
	EVENT_WAIT,
	EVENT_KINDS
};

/* Times are CLOCK_MONOTONIC ns, as in records. */
struct event {
	enum event_kind kind;
	uint64_t start_ns, end_ns;
	struct task_id id;
	char comm[COMM_BYTES];
	uint32_t cpu;
	uint32_t ppid; /* start */
	int exit_code, exit_signal; /* exit; signal 0: exited with the code */
	struct {
		uint32_t number;
		bool is_request; /* an asynchronous operation, carried out as `way` says */
		enum request_way way;
		bool has_file, deleted, argv_truncated;
		bool created; /* this open created the file */
		bool for_writing; /* the file is open for writing */
		bool open_mode_known;
		struct bytes path, path2; /* owned */
		struct bytes argv; /* owned; a NUL ends each argument */
		int64_t result;
		uint64_t args[6];
		uint64_t blocked_ns, runqueue_ns;
		struct file_id file;
	} call;
	struct {
		enum wait_reason reason;
		uint64_t delivery_ns;
		uint32_t waker_pid; /* 0: none */
		bool waker_interrupt;
		char waker_comm[COMM_BYTES];
	} wait;
};

/*
 * Decodes a record; false if it is not an event of the log, or damaged. model supplies the path of a file that the record
 * does not name. The caller ends *ret with event_done().
 */
bool event_decode(const struct model *model, const void *record, size_t bytes, struct event *ret);
void event_done(struct event *event);
