/* Names for numbers of the kernel's interface: open flags, errors, policies and signals, as in manual pages. */
#pragma once

#include <stdint.h>

/* "O_RDWR|O_CREAT|O_CLOEXEC"; bits without a name follow in octal. The caller frees the string. */
char *symbol_open_flags(uint64_t flags);

/* "ENOENT" for 2. Also names the kernel's internal restart codes, which only tracing sees. NULL: no name. */
const char *symbol_errno(int error);

/* "other", "fifo" ... for SCHED_*; NULL: no name. */
const char *symbol_policy(unsigned policy);

/* "SIGKILL" for 9; NULL: no name. The caller frees the string. */
char *symbol_signal(int signal);
