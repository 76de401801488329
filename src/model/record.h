/* The entry of records into a model: checks each record and passes it to its table. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "catalog/kinds.h"
#include "model/model.h"

struct model *model_new(const struct model_limits *limits, uint64_t cpu_threshold_ns,
			uint64_t io_threshold_ns, const struct model_resolvers *resolvers);
void model_free(struct model *model);

/* Takes a record that trace.h delivers; counts a malformed record in bad_records. */
void model_record(struct model *model, const void *record, size_t bytes);

/*
 * Starts a snapshot: forgets the live totals of the last snapshot. A RECORD_THREAD_LIVE for each live thread
 * must follow. In a final snapshot, a wait or a call that a thread is still in counts as an unfinished stall.
 */
void model_snapshot_begin(struct model *model, bool final);

/* Whether the record has all the bytes that it claims. */
bool record_is_whole_call(const struct record_io_stall *record, size_t bytes);
