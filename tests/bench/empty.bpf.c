/* Programs that do nothing, on the tracepoints of every call and switch: what merely being attached costs. */
__attribute__((section("tp_btf/sys_enter"), used)) int empty_sys_enter(void *context)
{
	return 0;
}

__attribute__((section("tp_btf/sys_exit"), used)) int empty_sys_exit(void *context)
{
	return 0;
}

__attribute__((section("tp_btf/sched_switch"), used)) int empty_sched_switch(void *context)
{
	return 0;
}

__attribute__((section("tp_btf/sched_waking"), used)) int empty_sched_waking(void *context)
{
	return 0;
}

__attribute__((section("tp_btf/sched_wakeup"), used)) int empty_sched_wakeup(void *context)
{
	return 0;
}

char empty_license[] __attribute__((section("license"), used)) = "Dual MIT/GPL";
