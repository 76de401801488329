/* Prints the parts of Chrome trace events */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "views/named.h"
#include "report/write.h"

/*
 * PID_MAX_LIMIT is 2^22 (include/linux/threads.h); above it there is room for the machine and its
 * CPUs.
 */
#define TRACE_PID_LIMIT (INT64_C(1) << 22)
#define TRACE_PIDS      INT64_C(5000000)

struct trace {
	FILE *out;
	struct json_writer json; /* of the current event */
	const struct named_report *of;
	const struct report *report;
	bool several;
	bool begun; /* an event precedes this one */
	int64_t first_pid; /* of the range of this report */
	uint64_t end_ns; /* of the run */
	uint64_t last_id; /* of async events; unique in the file */
};

/* Names stay as they are, without control characters: JSON needs no other escape. */
extern const struct view_style trace_style;

/*
 * Begins an event with phase, category, name and time. What is then put into t->json belongs to the
 * event.
 */
void trace_begin(struct trace *t, char phase, const char *category, const char *name,
		 uint64_t at_ns);
void trace_duration(struct trace *t, uint64_t ns);
void trace_where(struct trace *t, int64_t pid, int64_t tid);
void trace_id(struct trace *t, uint64_t id);
uint64_t trace_new_id(struct trace *t);
/* Prints the fields of row that are known and marked for traces, within an open object. */
void trace_fields(struct trace *t, const struct fields *fields, const void *row);
/* Ends the event and all objects that are open in it. */
void trace_end(struct trace *t);
/* Prints a complete metadata event: process_name or thread_name. */
void trace_name(struct trace *t, const char *what, int64_t pid, int64_t tid, const char *name);

/*
 * Maps a pid or tid of the report to its range; also for the machine, whose threads are its CPUs.
 */
int64_t trace_pid(const struct trace *t, int64_t pid);
int64_t trace_machine(const struct trace *t);
int64_t trace_cpu(const struct trace *t, int64_t cpu);
