/* Parses one message about a span (docs/spans.md): untrusted JSON from a test runner. */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/words.h"

#define SPAN_MESSAGE_BYTES 8192
#define SPAN_ID_BYTES      128
#define SPAN_PHASES        8
#define SPAN_PHASE_BYTES   16

/* The name of processes that relay messages and output beside the tests: their stalls belong to no test. */
#define SPAN_HELPER_COMM "latwrap-helper"

/* A paused span is not open: until it is resumed, stalls belong to other spans of its process. */
enum span_event {
	SPAN_BEGIN,
	SPAN_UPDATE,
	SPAN_END,
	SPAN_PAUSE,
	SPAN_RESUME,
	SPAN_WHOLE,
	SPAN_PLAN
};

struct span_phase {
	char name[SPAN_PHASE_BYTES]; /* NUL-terminated */
	uint64_t start_ns;
};

/* Strings are bytes, not necessarily UTF-8, and valid as long as json; NULL: not given. */
struct span_message {
	cJSON *json;
	enum span_event event;
	const char *id; /* at most SPAN_ID_BYTES long; NULL only for SPAN_WHOLE */
	const char *parent, *name, *runner, *file, *worker;
	uint32_t line, attempt, tid; /* 0: not given */
	bool of_parent; /* the span belongs to the parent of the sender */
	uint32_t pid; /* the span's process, if not the sender; 0: not given */
	enum span_outcome outcome;
	uint64_t time_ns; /* CLOCK_MONOTONIC, from the sender; 0: not given */
	uint64_t start_ns; /* SPAN_WHOLE only */
	uint64_t failed_ns; /* when the failure was known; 0: not given */
	bool has_cpu_time;
	uint64_t cpu_time_ns;
	uint64_t unsent; /* messages that the sender could not send */
	unsigned phase_count;
	struct span_phase phases[SPAN_PHASES];
	/* SPAN_PLAN only: */
	const cJSON *arguments; /* an array; elements that are not strings are ignored */
	int skip_code, error_code; /* -1: not given */
	bool will_fail;
	bool is_for_automake; /* automake's driver judges: an expected failure is skipped, a signal is a failure */
	bool is_unsure; /* the exit status does not tell the outcome */
	bool is_printed; /* not a message: the program printed it */
	/* Set by the receiver: */
	uint32_t sender_pid; /* from the kernel; 0: not visible in latwrap's PID namespace */
	uint64_t received_ns;
};

/*
 * Parses a message of at most SPAN_MESSAGE_BYTES; ignores unknown fields. Returns 0, or -EINVAL if it is malformed. The
 * caller ends *ret with span_message_done() in both cases.
 */
int span_message_parse(const char *data, size_t size_bytes, struct span_message *ret);
void span_message_done(struct span_message *message);

/* SPAN_UNKNOWN for an unknown word. */
enum span_outcome span_outcome_parse(const char *word);
