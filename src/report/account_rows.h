/* The account of a test, as a report has it: where its time went, and through whom. */
#pragma once

#include "catalog/report.h"
#include "model/facts.h"
#include "spans/account.h"

/* NULL if account is. Tests that did not fail have neither shares nor a path. */
struct report_account *account_rows(struct arena *memory, const struct account *account,
				    const struct run_facts *facts);
