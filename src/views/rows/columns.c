/* What CSV and NDJSON say about the run in front of each of its stalls */
#include "views/rows/columns.h"

#include <stdio.h>

#include "base/quote.h"
#include "report/load.h"

const struct run_column run_columns[] = {
	{"run_id", "run.id"},
	{"run_started_at", "run.started_at"},
	{"run_duration_ns", "run.duration_ns"},
	{"run_exit_status", "run.exit_status"},
	{"run_complete", "complete"},
	{"run_verdict", "verdict.status"},
	{"host_name", "run.host.hostname"},
	{"host_kernel", "run.host.kernel"},
	{"host_cpu_model", "run.host.cpu_model"},
	{"host_cpus_allowed", "run.host.cpus_allowed"},
	{"host_virtualization", "run.host.virtualization"},
	{"ci_provider", "run.ci.provider"},
	{"ci_repository", "run.ci.repository"},
	{"ci_sha", "run.ci.sha"},
	{"ci_branch", "run.ci.branch"},
	{"ci_job", "run.ci.job"},
	{"ci_run", "run.ci.run"},
	{"ci_attempt", "run.ci.attempt"},
	{"ci_url", "run.ci.url"},
};
const size_t run_columns_count = ARRAY_SIZE(run_columns);

char *run_command_line(const cJSON *report)
{
	const cJSON *words = report_array(report, "run.command"), *word;
	char *line = NULL;
	size_t size;
	FILE *out = words ? open_memstream(&line, &size) : NULL;

	if (!out)
		return NULL;
	cJSON_ArrayForEach(word, words) {
		if (word != words->child)
			putc(' ', out);
		quote_for_shell(report_string(word, "", "?"), out);
	}
	fclose(out);
	return line;
}
