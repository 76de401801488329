/* Numbers of the kernel's interface as the words that manual pages use. */
#pragma once

#include <stdint.h>

/* "O_RDWR|O_CREAT|O_CLOEXEC"; bits without a name in octal behind the rest. The caller frees it. */
char *symbol_open_flags(uint64_t flags);

/* "ENOENT" for 2; the kernel's internal restart codes, which only tracing sees, as well. NULL: no name. */
const char *symbol_errno(int error);

/* "other", "fifo" ... for SCHED_*; NULL: no name. */
const char *symbol_policy(unsigned policy);

/* "SIGKILL" for 9; NULL: no name. The caller frees it. */
char *symbol_signal(int signal);
