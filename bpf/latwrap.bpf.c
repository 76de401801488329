// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* All programs of a run, in one translation unit: libbpf 1.1 links no two objects that call one kernel function. */
#include "aio.bpf.c"
#include "blocked.bpf.c"
#include "cpu_slot.bpf.c"
#include "device.bpf.c"
#include "environ.bpf.c"
#include "fault.bpf.c"
#include "include.bpf.c"
#include "io.bpf.c"
#include "io_stall.bpf.c"
#include "irq.bpf.c"
#include "lock.bpf.c"
#include "memory.bpf.c"
#include "off_cpu.bpf.c"
#include "path.bpf.c"
#include "process.bpf.c"
#include "request.bpf.c"
#include "results.bpf.c"
#include "sched.bpf.c"
#include "service.bpf.c"
#include "thread.bpf.c"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
