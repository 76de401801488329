/* What happened, one thing at a time: calls, waits, threads; for the log. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"

enum event_kind {
	EVENT_START, /* of a thread */
	EVENT_EXIT, /* of a process */
	EVENT_EXEC, /* of a program */
	EVENT_OTHER_CALL,
	EVENT_FAULT, /* a page fault that was a stall */
	EVENT_WAIT,
	EVENT_KINDS
};

/* Times as in records: CLOCK_MONOTONIC ns. */
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
		bool has_file, deleted, argv_truncated;
		bool created; /* by this open */
		bool for_writing; /* it was opened so */
		bool open_mode_known;
		struct bytes path, path2; /* owned */
		struct bytes argv; /* owned; each with its NUL */
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
 * What a record tells of a single event; false if it is none, or damaged. To be asked before the model takes the
 * record: with it the files are known that have no name in the record. The caller ends *ret with event_done().
 */
bool event_decode(const struct model *model, const void *record, size_t bytes, struct event *ret);
void event_done(struct event *event);
