/* The gauge: a fixed loop that wants all of a core; its time says how fast the core is just now */
#pragma once

#include <stdint.h>

/*
 * On a virtual machine the other hardware thread of a core is often somebody else's. What runs meanwhile takes a third
 * more CPU time, and no counter of the guest says so; this loop, which fills every unit of a core, does.
 *
 * Returns the least of some tries: whoever takes the CPU away for a moment lengthens one of them, a slow core all of them.
 */
uint64_t gauge_time_ns(void);
