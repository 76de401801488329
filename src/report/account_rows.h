/* The account of a test, as a report has it: where its time went, and through whom. */
#pragma once

#include "catalog/report.h"
#include "spans/account.h"

/* NULL if account is. Tests that did not fail have neither shares nor a path. */
struct report_account *account_rows(struct arena *memory, const struct account *account,
				    uint64_t start_ns);
