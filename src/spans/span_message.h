/* One message about a span, as a test runner sends it (docs/spans.md): JSON of unknown origin. */
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

/* What passes on messages and output beside the tests calls itself so: its stalls are no test's. */
#define SPAN_HELPER_COMM "latwrap-helper"

/* A paused span is not open: others of its process have the time until it is resumed. */
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

/* Strings are bytes, not necessarily UTF-8, and live as long as json; NULL: not given. */
struct span_message {
	cJSON *json;
	enum span_event event;
	const char *id; /* never NULL but for SPAN_WHOLE, at most SPAN_ID_BYTES long */
	const char *parent, *name, *runner, *file, *worker;
	uint32_t line, attempt, tid; /* 0: not given */
	bool of_parent; /* the span is of the process that started the sender */
	uint32_t pid; /* of the span, if the sender is not the one; 0: not given */
	enum span_outcome outcome;
	uint64_t time_ns; /* CLOCK_MONOTONIC, as the sender says; 0: not given */
	uint64_t start_ns; /* SPAN_WHOLE only */
	uint64_t failed_ns; /* when it was known that it failed; 0: not given */
	bool has_cpu_time;
	uint64_t cpu_time_ns;
	uint64_t unsent; /* messages that the sender could not send */
	unsigned phase_count;
	struct span_phase phases[SPAN_PHASES];
	/* SPAN_PLAN only: */
	const cJSON *arguments; /* an array, of which the strings count */
	int skip_code, error_code; /* -1: not given */
	bool will_fail;
	bool is_for_automake; /* its driver judges: an expected failure is skipped, a signal is a failure */
	bool is_unsure; /* its exit status does not tell how it ended */
	/* Filled in by who received it: */
	uint32_t sender_pid; /* as the kernel says; 0: not visible in our PID namespace */
	uint64_t received_ns;
};

/*
 * Reads a message of at most SPAN_MESSAGE_BYTES; unknown fields are ignored. Returns 0, or -EINVAL for what
 * is no message. The caller ends *ret with span_message_done() in both cases.
 */
int span_message_parse(const char *data, size_t size_bytes, struct span_message *ret);
void span_message_done(struct span_message *message);

/* SPAN_UNKNOWN for a word that is none. */
enum span_outcome span_outcome_parse(const char *word);
