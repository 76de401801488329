/* All programs of a run in one object: one translation unit, because libbpf 1.1 cannot link weak kfuncs. */
#include "path.bpf.c"

#include "environ.bpf.c"
#include "io.bpf.c"
#include "irq.bpf.c"
#include "lock.bpf.c"
#include "memory.bpf.c"
#include "process.bpf.c"
#include "sched.bpf.c"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
