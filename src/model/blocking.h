/* What a sleeping thread waits for, told from the kernel functions that it sleeps in. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "model/cause.h"

/*
 * names are the functions of a kernel stack, innermost first, empty where unknown. Returns the cause and in
 * *ret_function the index of the function that says most, one inside names; count if there is none.
 */
enum cause blocking_cause(const char (*names)[SYMBOL_BYTES], size_t count, size_t *ret_function);

/*
 * Whether a file system's files live elsewhere: on a server, or with a program in user space. By s_magic
 * (include/uapi/linux/magic.h, fs/smb/client/cifsfs.h). A wait for one of its pages shows only page
 * functions on the stack.
 */
bool is_remote_file_system(uint32_t magic);

/* Whether there is no disk below it: what its calls wait for is the kernel itself. By s_magic, as above. */
bool is_kernel_file_system(uint32_t magic);
