/* The table of system calls of 32-bit programs, with the numbers that 64-bit programs use. */
#include "model/compat_calls.h"

#include <sys/syscall.h>

#define COMPAT_ROW(call, native, layout, split) {__NR_##native, COMPAT_##layout, split},

const struct compat_rule compat_table[] = {
#ifdef __x86_64__
#include "model/compat_calls.def"
#endif
};

const unsigned compat_table_size = sizeof(compat_table) / sizeof(compat_table[0]);
