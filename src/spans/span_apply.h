/* Applies messages to spans: begins, updates and ends them. */
#pragma once

#include <stdint.h>

#include "spans/span_message.h"

struct lineage;
struct model;
struct span;

/* The caller keeps ownership of message. */
void model_span_message(struct model *model, const struct span_message *message);
void model_span_unreadable(struct model *model);
void model_span_refused(struct model *model); /* a message from an untrusted sender */

/* NULL if there are too many spans. */
struct span *span_begin_of(struct model *model, const struct span_message *message,
			   struct lineage *process, uint64_t start_ns);
void span_end_of(struct model *model, struct span *span, const struct span_message *message);
