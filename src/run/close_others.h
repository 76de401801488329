/* Close what a forked process of latwrap does not need */
#pragma once

#include <stddef.h>

/*
 * Closes all descriptors but these, which get sorted. A process that latwrap forks must not keep pipes
 * and the terminal of the command open: their readers wait for the last writer to close them.
 */
void close_others(int *keep, size_t count);
