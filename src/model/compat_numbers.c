/* The numbers of the system calls of 32-bit programs: the kernel's header of them excludes that of 64-bit programs. */
#include "model/compat_numbers.h"

#ifdef __x86_64__
#include <asm/unistd_32.h>

#include "abi.h"

#define COMPAT_ROW(call, native, layout, split) __NR_##call,

static const u16 numbers[] = {
#include "model/compat_calls.def"
};

unsigned compat_number(unsigned row)
{
	return numbers[row];
}
#else
unsigned compat_number(unsigned row)
{
	return row;
}
#endif
