/* The system calls that threads sleep in outside of files: the name of each, and what it waits for */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "catalog/parts.h"

struct sleep_call {
	const char *name; /* as in its manual page; NULL: no call of the list */
	enum account_part part; /* what it waits for if the waker is unknown */
	bool is_own; /* the thread asked to sleep for a time, and waits for nobody */
};

/* number: of this machine; negative: none. */
struct sleep_call sleep_call_find(int number);
