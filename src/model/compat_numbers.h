/* The numbers of the system calls of 32-bit programs: the kernel's header of them excludes that of 64-bit programs. */
#pragma once

/* The number that a 32-bit program uses for the call in this row of compat_table. */
unsigned compat_number(unsigned row);
