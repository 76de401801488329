/* Tests that a program prints as TAP: a test lasts from one result to the next. */
#pragma once

#include <stdint.h>

struct model;
struct printed;

void printed_tap_take(struct model *model, struct printed *printed, uint64_t time_ns);
/* What was begun is no test. */
void printed_tap_cancel(struct model *model, struct printed *printed, uint64_t time_ns);
/* What was all written at once has no times, and may be a copy: "cat log". */
void printed_tap_doubt(struct model *model, struct printed *printed, uint64_t time_ns);
