/* Prints the parts of OTLP/JSON: lines, spans, attributes, ids */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/json_writer.h"
#include "catalog/fields.h"
#include "views/named.h"

/*
 * A collector that reads files accepts lines of at most 1 MiB by default (fileconsumer's
 * max_log_size). So a long report takes several lines.
 */
#define OTLP_LINE_BYTES (512u << 10)
/* Limits the text of an attribute, so that no span comes near the limit of a line. */
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
	char *resource; /* printed before the spans of each line */
	char *span; /* the current line, in text */
	size_t span_bytes;
	struct json_writer json; /* of the current object */
	size_t line_bytes; /* 0: no line is open */
};

/*
 * Makes a span's id from what the span stands for ('r' the run, 's' a span, 't' a stall) and its
 * number.
 */
uint64_t otlp_id(const struct otlp *o, char what, uint64_t number);

/* Begins a span. Then follow its attributes, its events if any, and its end. parent 0: none. */
void otlp_begin(struct otlp *o, uint64_t id, uint64_t parent, const char *name, uint64_t start_ns,
		uint64_t end_ns);
void otlp_end(struct otlp *o, enum otlp_status status, const char *message);

/* Attributes. A value that is NULL or unknown is left out. */
void otlp_text(struct otlp *o, const char *key, const char *text);
void otlp_number(struct otlp *o, const char *key, int64_t number);
void otlp_bool(struct otlp *o, const char *key, bool value);
void otlp_known(struct otlp *o, const char *key, struct optional_u64 number);
/* Prints the fields of row that have a name as an attribute. */
void otlp_fields(struct otlp *o, const struct fields *fields, const void *row);
/*
 * Call after all attributes: prints the phases of a test as events, which are points in time with a
 * name.
 */
void otlp_events(struct otlp *o, const struct report_phase *phases, size_t count);

/* Begins and ends the lines of one report. describe() adds attributes to the resource. */
void otlp_open(struct otlp *o, const struct report *report, FILE *out,
	       void (*describe)(struct otlp *o));
void otlp_close(struct otlp *o);
