// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The global function of service.h: the verifier looks at it once, not for each caller. */
#include "service.h"

__noinline int send_service(struct service *service)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct off_cpu_scratch *scratch = bpf_map_lookup_elem(&off_cpu_scratch, &cpu);

	if (!service || !scratch)
		return 0;
	if (service->wait_woken_ns) {
		end_queue_time(&service->queue, scratch->task, scratch->record.header.time_ns);
		/* The thread was migrated, and steal clocks of two CPUs cannot be compared. */
		if (service->queue.cpu != cpu)
			service->queue.steal_from_ns = 0;
		add_queue_time(&scratch->record, &service->queue);
		add_clock(&scratch->record, BEHIND_DELIVERY, service->wait_start_ns,
			  service->wait_woken_ns);
	}
	send_off_cpu(&service->off);
	return 0;
}
