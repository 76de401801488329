/* The parts that OTLP/JSON is made of: lines, spans, attributes, ids */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/json_writer.h"
#include "catalog/fields.h"
#include "views/named.h"

/* A collector that reads files takes lines of at most 1 MiB unless told otherwise (fileconsumer's
 * max_log_size), so a report becomes several lines where it has much to tell. */
#define OTLP_LINE_BYTES (512u << 10)
/* Of an attribute: no span comes near to a line's end. */
#define OTLP_TEXT_CHARS 1024

/* How a span ended (opentelemetry.proto.trace.v1.Status.StatusCode). */
enum otlp_status {
	OTLP_UNSET = 0,
	OTLP_ERROR = 2,
};

struct otlp {
	FILE *out;
	const struct report *report;
	char trace_id[33];
	uint64_t seed; /* of span ids */
	char *resource; /* printed in front of the spans of each line */
	char *span; /* being written, by text */
	size_t span_bytes;
	struct json_writer json; /* of what is being written */
	size_t line_bytes; /* 0: no line has been begun */
};

/* A span's id: of what it stands for ('r' the run, 's' a span, 't' a stall) and its number there. */
uint64_t otlp_id(const struct otlp *o, char what, uint64_t number);

/* Begins a span; then its attributes, then perhaps its events, then its end. parent 0: none. */
void otlp_begin(struct otlp *o, uint64_t id, uint64_t parent, const char *name, uint64_t start_ns,
		uint64_t end_ns);
void otlp_end(struct otlp *o, enum otlp_status status, const char *message);

/* Attributes; what is NULL, or not known, is left out. */
void otlp_text(struct otlp *o, const char *key, const char *text);
void otlp_number(struct otlp *o, const char *key, int64_t number);
void otlp_bool(struct otlp *o, const char *key, bool value);
void otlp_known(struct otlp *o, const char *key, struct optional_u64 number);
/* Those fields of row that have a name as an attribute. */
void otlp_fields(struct otlp *o, const struct fields *fields, const void *row);
/* After all attributes: the parts of a test, as points in time with a name. */
void otlp_events(struct otlp *o, const struct report_phase *phases, size_t count);

/* Of one report: the ids and the resource, to whose attributes describe() adds; and its last line. */
void otlp_open(struct otlp *o, const struct report *report, FILE *out,
	       void (*describe)(struct otlp *o));
void otlp_close(struct otlp *o);
