/* The table of system calls that count as file I/O, with the positions of their arguments. */
#pragma once

#include <stdbool.h>

#include "abi.h"
#include "catalog/words.h"

/* The *_arg members are indexes into the call's six arguments, or NO_ARG (abi.h). */
struct call_info {
	u32 number; /* __NR_* of the architecture that latwrap is built for */
	const char *name; /* as in section 2 of the manual pages */
	struct call_rule rule;
	u8 flags_arg; /* open(2) flags */
	u8 mode_arg; /* file mode bits */
	u8 offset_arg; /* file offset in bytes */
};

extern const struct call_info call_table[];
extern const unsigned call_table_size;

/* Whether open(2) with these flags reads its mode argument. */
bool call_may_create(u64 flags);

/* NULL if the system call does not count as file I/O. */
const struct call_info *call_find(u32 number);

/* Only of a request. */
enum request_way request_way(const struct record_io_stall *record);
