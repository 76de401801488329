/* What a sleeping thread waits for, told from the kernel functions that it sleeps in. */
#pragma once

#include <stddef.h>

#include "abi.h"
#include "model/cause.h"

/*
 * names are the functions of a kernel stack, innermost first, empty where unknown. Returns the cause and in
 * *ret_function the index of the function that says most, one inside names; count if there is none.
 */
enum cause blocking_cause(const char (*names)[SYMBOL_BYTES], size_t count, size_t *ret_function);
