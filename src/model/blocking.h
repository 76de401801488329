/* The cause of a block: finds what a sleeping thread waits for from its kernel stack. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "model/cause.h"

/*
 * names: the functions of a kernel stack, the innermost first; an unknown one is an empty string. *ret_function is
 * the index of the innermost function that is not part of every sleep; count if there is none.
 */
enum cause blocking_cause(const char (*names)[SYMBOL_BYTES], size_t count, size_t *ret_function);

/* Whether a function of the stack is known to wait for a file, and not for a lock. */
bool blocking_is_for_file(const char (*names)[SYMBOL_BYTES], size_t count);

/* Whether the thread is on its way back to user mode, and has a signal to handle first: it dumps core, stops or is frozen. */
bool blocking_is_for_signal(const char (*names)[SYMBOL_BYTES], size_t count);

/* Whether the stack is that of a page fault, or of pages that the kernel brings in for itself. */
bool blocking_is_page_fault(const char (*names)[SYMBOL_BYTES], size_t count);

/* Whether the stack is that of a page fault that brings in a page of a file, or private memory from swap. */
bool blocking_is_file_page(const char (*names)[SYMBOL_BYTES], size_t count);
bool blocking_is_swapped_page(const char (*names)[SYMBOL_BYTES], size_t count);

/*
 * Whether a server or a program in user space serves the files. magic is s_magic of the file system
 * (include/uapi/linux/magic.h, fs/smb/client/cifsfs.h). The stack alone cannot tell: a wait for a page of such a
 * file system shows only page functions.
 */
bool is_remote_file_system(uint32_t magic);

/* Whether the file system has no disk, so that its calls wait for the kernel itself. magic: as above. */
bool is_kernel_file_system(uint32_t magic);
