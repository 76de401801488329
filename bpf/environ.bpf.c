// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The environment of a new program: the variables in which test runners name a test. */
#include "state.h"

#define VARIABLE_BYTES 512 /* longer variables are truncated to this */
#define VARIABLES_MAX  8192 /* and pieces of long ones */

/* First 8 bytes of each name, as an integer; 0: no more. */
const volatile u64 environment_prefixes[ENVIRONMENT_PREFIXES] = {};

struct environment_walk {
	u64 at, end;
	u64 used;
	u64 inside; /* in the middle of a variable that is longer than VARIABLE_BYTES */
	struct record_environment record;
	char data[ENVIRONMENT_BYTES + VARIABLE_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct environment_walk);
} environment_walks SEC(".maps");

static long look_at_variable(u32 index, struct environment_walk **context)
{
	struct environment_walk *walk = *context;
	u64 used = walk->used, start = 0, inside = walk->inside;
	long length;

	if (walk->at >= walk->end || used > ENVIRONMENT_BYTES)
		return 1;
	length = bpf_probe_read_user_str(walk->data + used, VARIABLE_BYTES, (void *)walk->at);
	if (length <= 0)
		return 1;
	walk->inside = length == VARIABLE_BYTES;
	walk->at += length - walk->inside;
	if (inside || length <= 8)
		return 0;
	__builtin_memcpy(&start, walk->data + used, sizeof(start));
	for (int i = 0; i < ENVIRONMENT_PREFIXES; i++)
		if (environment_prefixes[i] && environment_prefixes[i] == start)
			walk->used = used + length;
	return 0;
}
LOOP_STEP(look_at_variable, struct environment_walk *, VARIABLES_MAX)

/* Separate from sched_process_exec: if a kernel refuses this program, only the names of tests are missing. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec_environment, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct environment_walk *walk;
	struct record_environment *record;
	u32 zero = 0;
	u64 used;

	/* Watched cgroups have no tests. */
	if (group_of(task) != 0)
		return 0;
	walk = bpf_map_lookup_elem(&environment_walks, &zero);
	if (!walk)
		return 0;
	walk->at = BPF_CORE_READ(task, mm, env_start);
	walk->end = BPF_CORE_READ(task, mm, env_end);
	walk->used = 0;
	walk->inside = 0;
	LOOP(look_at_variable, &walk);
	used = walk->used;
	if (!used || used > sizeof(walk->data))
		return 0;
	record = &walk->record;
	record->header.type = RECORD_ENVIRONMENT;
	record->header.group = 0;
	record->header.time_ns = bpf_ktime_get_ns();
	identify(task, &record->id);
	record->data_bytes = used;
	send_record(record, sizeof(*record) + used, LOSS_RINGBUF_PROCESS);
	return 0;
}
