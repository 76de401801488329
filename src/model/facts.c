/* What a report says about a run besides its events: names and the end of it. */
#include "model/facts.h"

#include <stdlib.h>

#include "base/util.h"
#include "model/model.h"

const char *const trace_status_names[] = {
	[TRACE_NONE] = "none",
	[TRACE_PARTIAL] = "partial",
	[TRACE_FULL] = "full",
};

const char *const loss_names[LOSS_KINDS] = {
	[LOSS_RINGBUF_STALL] = "stalls that found no room in the ring buffer",
	[LOSS_RINGBUF_PROCESS] = "process records that found no room in the ring buffer",
	[LOSS_RINGBUF_FILE] = "file names that found no room in the ring buffer",
	[LOSS_THREAD_STORAGE] = "threads without memory for their state",
	[LOSS_THREAD_UNKNOWN] = "switches of threads without state",
	[LOSS_FILE_TABLE] = "calls on files beyond the file table",
	[LOSS_THREAD_UNENDED] = "threads whose last totals did not come in time",
	[LOSS_SWITCH_UNSEEN] = "switches to threads of the run that the kernel did not show",
	[LOSS_CALLS_UNSETTLED] = "times that calls could not be told to be which thread's",
	[LOSS_LOG] = "events of the log that found no room, or could not be written",
	[LOSS_COMPAT_CALL] = "system calls of 32-bit programs, not decoded",
};

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
	for (size_t i = 0; i < facts->also_count; i++)
		if (facts->also[i].model)
			model_free(facts->also[i].model);
	*facts = (struct run_facts){0};
}
