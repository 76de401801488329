/* Programs that do nothing, on the tracepoints of all calls, switches, wakeups and page faults: what being attached costs. */

/* With READS_CLOCK, what it costs to know the time there: nothing that tells how long each call took costs less. */
#define TRACEPOINT(name) \
	__attribute__((section("tp_btf/" #name), used)) int empty_##name(void *context)

#ifdef READS_CLOCK
static unsigned long (*const bpf_ktime_get_ns)(void) = (void *)5;
#define TIMED(name)                         \
	TRACEPOINT(name)                    \
	{                                   \
		return !bpf_ktime_get_ns(); \
	}
#else
#define TIMED(name)       \
	TRACEPOINT(name)  \
	{                 \
		return 0; \
	}
#endif

TIMED(sys_enter)
TIMED(sys_exit)
TIMED(sched_switch)
TIMED(sched_waking)
TIMED(sched_wakeup)

#ifdef __TARGET_ARCH_x86
TRACEPOINT(page_fault_user)
{
	return 0;
}

TRACEPOINT(page_fault_kernel)
{
	return 0;
}
#endif

char empty_license[] __attribute__((section("license"), used)) = "Dual MIT/GPL";
