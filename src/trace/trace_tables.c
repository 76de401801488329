// SPDX-License-Identifier: MIT
/* Reads the tables that the BPF programs keep, and sums them over CPUs. */
#include "trace/trace_tables.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "base/util.h"
#include "model/calls.h"

#define FILE_BATCH 256

/* Adds the counts of the CPUs that are not yet in the table. */
static void add_pending(const struct cpu_slot *cpu_slots, int cpus, const struct file_id *id,
			struct file_totals *totals)
{
	for (int cpu = 0; cpu < cpus; cpu++) {
		const struct file_totals *more = &cpu_slots[cpu].totals;

		if (!cpu_slots[cpu].pending || memcmp(&cpu_slots[cpu].file, id, sizeof(*id)) != 0)
			continue;
		totals->opens += more->opens;
		totals->reads += more->reads;
		totals->writes += more->writes;
		totals->syncs += more->syncs;
		totals->bytes_read += more->bytes_read;
		totals->bytes_written += more->bytes_written;
		totals->errors += more->errors;
		totals->total_ns += more->total_ns;
		totals->max_ns = MAX(totals->max_ns, more->max_ns);
	}
}

static int read_slots(const struct trace *trace, struct cpu_slot *ret, int cpus)
{
	for (int cpu = 0; cpu < cpus; cpu++)
		if (bpf_map_lookup_elem(trace_map_fd(trace, "cpu_slots"), &cpu, &ret[cpu]))
			return -errno;
	return 0;
}

int trace_files(struct trace *trace, trace_file_fn deliver, void *context)
{
	_cleanup_free_ struct file_id *keys = xcalloc(FILE_BATCH, sizeof(*keys));
	_cleanup_free_ struct file_totals *values = xcalloc(FILE_BATCH, sizeof(*values));
	int cpus = MAX(libbpf_num_possible_cpus(), 1);
	_cleanup_free_ struct cpu_slot *cpu_slots = xcalloc(cpus, sizeof(*cpu_slots));
	int fd = trace_map_fd(trace, "files");
	uint32_t position = 0;
	bool more = false;
	int r = read_slots(trace, cpu_slots, cpus);

	if (r < 0)
		return r;
	while (r == 0) {
		uint32_t count = FILE_BATCH;

		r = bpf_map_lookup_batch(fd, more ? &position : NULL, &position, keys, values,
					 &count, NULL);
		/* -ENOENT: this batch is the last one, and may still have entries. */
		if (r < 0 && r != -ENOENT)
			return r;
		more = true;
		for (uint32_t i = 0; i < count; i++) {
			add_pending(cpu_slots, cpus, &keys[i], &values[i]);
			deliver(context, &keys[i], &values[i]);
		}
	}
	return 0;
}

static void add_call(struct call_totals *sum, const struct call_totals *one)
{
	sum->count += one->count;
	sum->total_ns += one->total_ns;
	sum->max_ns = MAX(sum->max_ns, one->max_ns);
	sum->errors += one->errors;
	sum->bytes += one->bytes;
	for (unsigned i = 0; i < WAIT_BUCKETS; i++)
		sum->histogram[i] += one->histogram[i];
}

int trace_calls(struct trace *trace, trace_call_fn deliver, void *context)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct call_totals *values = NULL;

	if (cpus < 0)
		return cpus;
	values = xcalloc(cpus, sizeof(*values));
	for (unsigned i = 0; i < call_table_size; i++) {
		struct call_totals sum = {0};

		if (bpf_map_lookup_elem(trace_map_fd(trace, "calls"), &call_table[i].number,
					values))
			return -errno;
		for (int cpu = 0; cpu < cpus; cpu++)
			add_call(&sum, &values[cpu]);
		if (sum.count)
			deliver(context, call_table[i].number, &sum);
	}
	return 0;
}

int trace_losses(struct trace *trace, struct loss_counter *ret)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct loss_counter *values = NULL;

	if (cpus < 0)
		return cpus;
	values = xcalloc(cpus, sizeof(*values));
	for (uint32_t kind = 0; kind < LOSS_KINDS; kind++) {
		ret[kind] = (struct loss_counter){0};
		if (bpf_map_lookup_elem(trace_map_fd(trace, "loss"), &kind, values))
			return -errno;
		for (int cpu = 0; cpu < cpus; cpu++) {
			if (!values[cpu].count)
				continue;
			ret[kind].count += values[cpu].count;
			ret[kind].last_ns = MAX(ret[kind].last_ns, values[cpu].last_ns);
			if (!ret[kind].first_ns || values[cpu].first_ns < ret[kind].first_ns)
				ret[kind].first_ns = values[cpu].first_ns;
		}
	}
	return 0;
}

uint64_t trace_open_requests(const struct trace *trace, const char *map)
{
	int fd = trace_map_fd(trace, map);
	uint64_t key[2], count = 0; /* as large as the larger of the keys */

	for (void *from = NULL; bpf_map_get_next_key(fd, from, key) == 0; from = key)
		count++;
	return count;
}
