/* The times of an account that decide an answer */
#pragma once

#include <stdint.h>

#include "spans/account.h"

/* A part of a time matters from a tenth on. */
#define ANSWER_MATTERS 10

struct answer_times {
	uint64_t whole_ns, lost_ns, crowded_ns, unclear_ns;
	uint64_t asleep_ns; /* without own_sleep_ns */
	uint64_t own_sleep_ns;
	uint64_t own_ns; /* its own work */
};

struct answer_times answer_times(const struct account *account);
