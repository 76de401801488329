// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Facts about the recorder that only the kernel knows: the depth of its cgroup and of its PID namespace, and its PID. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

u32 cgroup_level;
u32 pid_namespace_level;
u32 recorder_tgid;

/*
 * Never attached: run once, in the recorder's own context, with BPF_PROG_TEST_RUN. Inside a cgroup or PID
 * namespace, /proc does not show these numbers.
 */
SEC("raw_tp/sched_switch")
int facts(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	cgroup_level = BPF_CORE_READ(task, cgroups, dfl_cgrp, level);
	pid_namespace_level = BPF_CORE_READ(task, thread_pid, level);
	recorder_tgid = BPF_CORE_READ(task, tgid);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
