/* The account of a test, as a report has it: where its time went, and through whom. */
#pragma once

#include "catalog/report.h"
#include "spans/span.h"

/* NULL: not measured. Tests that did not fail have neither shares nor a path. */
struct report_account *account_rows(struct arena *memory, const struct span *span,
				    uint64_t start_ns);
