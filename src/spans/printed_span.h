/* Begins and ends the span of a test that a program prints. */
#pragma once

#include <stdint.h>

#include "catalog/words.h"

struct model;
struct printed;
struct printed_test;
struct span;

void printed_begin(struct model *model, struct printed *printed, struct printed_test *test,
		   const char *name, uint64_t time_ns);
/* NULL as the name keeps the name. Returns the span of the test, whose reference the caller owns; NULL: there was none. */
struct span *printed_end(struct model *model, struct printed_test *test, const char *name,
			 enum span_outcome outcome, uint64_t time_ns);
void printed_set_outcome(struct model *model, struct span *span, enum span_outcome outcome);
