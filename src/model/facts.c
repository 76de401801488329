/* Facts of a run besides its events: frees them. */
#include "model/facts.h"

#include <stdlib.h>

#include "base/util.h"
#include "model/record.h"

bool trace_measures(const struct trace_facts *trace, enum stall_kind kind)
{
	/* The programs that measure waits also find hiccups. */
	return kind == STALL_IO ? trace->io : trace->cpu;
}

uint64_t overhead_calls_ns(const struct overhead_facts *facts)
{
	return (uint64_t)((double)facts->calls * facts->call_ns);
}

uint64_t overhead_ppm(const struct overhead_facts *facts)
{
	if (!facts->busy_ns)
		return 0;
	return (uint64_t)(1e6 * (double)(facts->programs_ns + overhead_calls_ns(facts)) /
			  (double)facts->busy_ns);
}

void limit_facts_done(struct limit_facts *facts)
{
	for (size_t i = 0; i < facts->throttling_count; i++)
		free(facts->throttling[i].cgroup);
	free(facts->throttling);
	for (size_t i = 0; i < facts->memory_count; i++)
		free(facts->memory[i].cgroup);
	free(facts->memory);
	*facts = (struct limit_facts){0};
}

void run_facts_done(struct run_facts *facts)
{
	char *const strings[] = {
		facts->id,
		facts->cwd,
		facts->user_name,
		facts->cgroup,
		facts->not_run,
		facts->host.hostname,
		facts->host.kernel,
		facts->host.architecture,
		facts->host.cpu_model,
		facts->host.virtualization,
		facts->ci.provider,
		facts->ci.repository,
		facts->ci.sha,
		facts->ci.branch,
		facts->ci.job,
		facts->ci.run,
		facts->ci.attempt,
		facts->ci.url,
		facts->trace.reason,
		facts->trace.advice,
	};

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		free(strings[i]);
	for (size_t i = 0; i < facts->trace.program_count; i++) {
		free(facts->trace.programs[i].name);
		free(facts->trace.programs[i].error);
	}
	free(facts->trace.programs);
	for (size_t i = 0; i < facts->trace.limit_count; i++)
		free(facts->trace.limits[i]);
	free(facts->trace.limits);
	for (size_t i = 0; i < facts->leftover_count; i++)
		free(facts->leftovers[i].comm);
	free(facts->leftovers);
	limit_facts_done(&facts->limits);
	timeline_done(&facts->timeline);
	for (size_t i = 0; i < facts->watched_count; i++)
		if (facts->watched[i].model)
			model_free(facts->watched[i].model);
	*facts = (struct run_facts){0};
}
