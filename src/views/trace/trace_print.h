/* The parts that Chrome trace events are made of */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "views/named.h"
#include "report/write.h"

/* PID_MAX_LIMIT is 2^22 (include/linux/threads.h); behind it there is room for the machine and its
 * CPUs. */
#define TRACE_PID_LIMIT (INT64_C(1) << 22)
#define TRACE_PIDS      INT64_C(5000000)

struct trace {
	FILE *out;
	struct json_writer json; /* of the event being written */
	const struct named_report *of;
	const struct report *report;
	bool several;
	bool begun; /* there is an event before this one */
	int64_t first_pid; /* of the report's range */
	uint64_t end_ns; /* of the run */
	uint64_t last_id; /* of async events, unique in the file */
};

/* Names as they are, but without control characters: JSON needs no other escape. */
extern const struct view_style trace_style;

/* Begins an event with phase, category, name and time; what is put into t->json then belongs to it. */
void trace_begin(struct trace *t, char phase, const char *category, const char *name,
		 uint64_t at_ns);
void trace_duration(struct trace *t, uint64_t ns);
void trace_where(struct trace *t, int64_t pid, int64_t tid);
void trace_id(struct trace *t, uint64_t id);
uint64_t trace_new_id(struct trace *t);
/* Those fields of row that are known and shown in traces, within an open object. */
void trace_fields(struct trace *t, const struct fields *fields, const void *row);
/* Ends the event, and all that is open in it. */
void trace_end(struct trace *t);
/* A whole metadata event: process_name or thread_name. */
void trace_name(struct trace *t, const char *what, int64_t pid, int64_t tid, const char *name);

/* A pid or tid of the report within its range; the machine itself, and its CPUs as its threads. */
int64_t trace_pid(const struct trace *t, int64_t pid);
int64_t trace_machine(const struct trace *t);
int64_t trace_cpu(const struct trace *t, int64_t cpu);
