/* SPDX-License-Identifier: MIT */
/* Times a cheap system call, to learn what attached programs add to each call. */
#pragma once

/* The fastest of many tries, so that a neighbour or an interrupt does not count. Takes a few ms. */
double trace_time_call_ns(void);
