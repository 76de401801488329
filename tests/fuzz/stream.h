/* A recorded list of what the model was given: replay writes it, the fuzzer of events reads it */
#pragma once

#include <stdint.h>

#include "abi.h"

/* Each item is followed by `bytes` of payload. */
enum stream_kind {
	STREAM_RECORD, /* as model_record() takes it */
	STREAM_SNAPSHOT, /* one byte: final */
	STREAM_FILE_TOTALS,
	STREAM_CALL_TOTALS,
};

struct stream_item {
	uint16_t kind, bytes;
};

struct stream_file_totals {
	struct file_id id;
	struct file_totals totals;
};

struct stream_call_totals {
	uint64_t number;
	struct call_totals totals;
};
