// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Facts about the recorder that only the kernel knows: the depth of its cgroup and of its PID namespace, and its PID. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/*
 * Where structures have these members, as latwrap has read in the kernel's types. Relocations in this object would have
 * libbpf read these types once more, which takes 15 ms.
 */
const volatile u32 task_cgroups = 0;
const volatile u32 css_set_dfl_cgrp = 0;
const volatile u32 cgroup_level_at = 0;
const volatile u32 task_thread_pid = 0;
const volatile u32 pid_level_at = 0;

u32 cgroup_level;
u32 pid_namespace_level;
u32 recorder_tgid;

static u64 pointer_at(u64 address)
{
	u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), (void *)address);
	return value;
}

static u32 number_at(u64 address)
{
	u32 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), (void *)address);
	return value;
}

/*
 * Never attached: run once, in the recorder's own context, with BPF_PROG_TEST_RUN. Inside a cgroup or PID
 * namespace, /proc does not show these numbers.
 */
SEC("raw_tp/sched_switch")
int facts(void *ctx)
{
	u64 task = bpf_get_current_task();
	u64 cgroup = pointer_at(pointer_at(task + task_cgroups) + css_set_dfl_cgrp);

	cgroup_level = number_at(cgroup + cgroup_level_at);
	pid_namespace_level = number_at(pointer_at(task + task_thread_pid) + pid_level_at);
	recorder_tgid = bpf_get_current_pid_tgid() >> 32;
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
