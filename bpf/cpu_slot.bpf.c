// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The global functions of cpu_slot.h: the verifier checks each once, not for each caller. */
#include "cpu_slot.h"

__noinline int flush_pending(struct cpu_slot *slot)
{
	struct file_totals *from, *to;
	struct file_id
		file; /* before 6.12 the verifier accepts a key only on the stack or in a map */

	if (!slot)
		return 0;
	from = &slot->totals;
	slot->pending = 0;
	file = slot->file;
	to = bpf_map_lookup_elem(&files, &file);
	if (to) {
		add_if(&to->opens, from->opens);
		add_if(&to->reads, from->reads);
		add_if(&to->writes, from->writes);
		add_if(&to->syncs, from->syncs);
		add_if(&to->bytes_read, from->bytes_read);
		add_if(&to->bytes_written, from->bytes_written);
		add_if(&to->errors, from->errors);
		add_if(&to->total_ns, from->total_ns);
		/* Not atomic: if two calls end on two CPUs at the same time, the shorter one may be kept. */
		if (from->max_ns > to->max_ns)
			to->max_ns = from->max_ns;
	}
	__builtin_memset(from, 0, sizeof(*from));
	return 0;
}
