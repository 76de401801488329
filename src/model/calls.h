/* The system calls that count as file I/O, and how to read their arguments. */
#pragma once

#include <stdbool.h>

#include "abi.h"

/* Indexes into a call's six arguments; NO_ARG (abi.h) if it has none. */
struct call_info {
	u32 number; /* __NR_*, of the architecture that latwrap was built for */
	const char *name; /* as in section 2 of the manual */
	struct call_rule rule;
	u8 flags_arg; /* open(2) flags */
	u8 mode_arg; /* file mode bits */
	u8 offset_arg; /* bytes from the start of the file */
};

extern const struct call_info call_table[];
extern const unsigned call_table_size;

/* Whether open(2) with these flags reads its mode argument. */
bool call_may_create(u64 flags);

/* NULL if number is not file I/O. */
const struct call_info *call_find(u32 number);
