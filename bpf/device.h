/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The flight recorder of block devices: for whom each device worked lately. */
#ifndef LATWRAP_DEVICE_H
#define LATWRAP_DEVICE_H

#include "state.h"

/*
 * Written when a request completes; read when a file stall ends, and then only as far back as the stall reaches. Two CPUs
 * that complete requests of a device at the same time can mix up two uses: a lock would cost more than that.
 */
struct device_recorder {
	u32 device; /* 0: not yet taken */
	u32 reserved;
	u64 written;
	u64 completed_ns; /* the last completion */
	struct device_use uses[USES_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DEVICES_MAX);
	__type(key, u32);
	__type(value, struct device_recorder);
} devices SEC(".maps");

const volatile bool sees_devices = false;

/* Shorter sleeps are not worth it. */
#define USES_WORTH_NS 1000000

/* Sends the uses of all devices in this time. Global, so that the verifier checks it once, and not for each caller. */
int send_uses(u64 start_ns, u64 end_ns, u32 host_tid, u32 group);

static __always_inline void send_uses_during(u64 start_ns, u64 end_ns, u64 blocked_ns, u32 host_tid,
					     u32 group)
{
	if (sees_devices && blocked_ns >= USES_WORTH_NS)
		send_uses(start_ns, end_ns, host_tid, group);
}

#endif
