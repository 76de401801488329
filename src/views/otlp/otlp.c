/* Prints OpenTelemetry traces as JSON lines that a collector takes from a file or by HTTP */
#include "views/otlp/otlp.h"

#include <inttypes.h>

#include "base/util.h"
#include "catalog/words.h"
#include "views/watched_words.h"
#include "views/rows/columns.h"
#include "views/otlp/otlp_print.h"
#include "views/tests.h"

/*
 * Attributes that OpenTelemetry defines have its names (opentelemetry.io: Semantic conventions
 * 1.40: Test, CICD, VCS, Host, OS, Process, Thread, Code). All others begin with "latwrap.".
 */

static const struct view_style style = {
	.escape = view_escape_terminal,
	.name_columns = 64,
	.path_columns = 200,
};

/* -- Resource: where the run was ------------------------------------------------------------------- */

/* Names of the semantic conventions that differ from those of uname(2) */
static const char *architecture(const char *machine)
{
	if (!machine)
		return NULL;
	return streq(machine, "x86_64") ? "amd64" : streq(machine, "aarch64") ? "arm64" : machine;
}

/* Splits "owner/name", or a URL, as the CI system gives it. */
static void describe_repository(struct otlp *o, const char *repository)
{
	_cleanup_free_ char *owner = repository ? xstrdup(repository) : NULL;
	char *slash = owner ? strrchr(owner, '/') : NULL;

	if (owner && strchr(owner, ':')) {
		otlp_text(o, "vcs.repository.url.full", owner);
		return;
	}
	if (slash) {
		*slash = '\0';
		otlp_text(o, "vcs.owner.name", owner);
	}
	otlp_text(o, "vcs.repository.name", slash ? slash + 1 : owner);
}

static void describe(struct otlp *o)
{
	static const struct report_ci no_ci;
	const struct report_host *host = &o->report->run.host;
	const struct report_ci *ci = o->report->run.ci ? o->report->run.ci : &no_ci;

	otlp_text(o, "service.name", "latwrap");
	otlp_text(o, "service.version", o->report->tool.version);
	otlp_text(o, "host.name", host->hostname);
	otlp_text(o, "host.arch", architecture(host->architecture));
	otlp_text(o, "host.cpu.model.name", host->cpu_model);
	otlp_text(o, "os.type", "linux");
	otlp_text(o, "os.version", host->kernel);
	otlp_known(o, "latwrap.host.cpus_allowed", host->cpus_allowed);
	otlp_text(o, "latwrap.host.virtualization", host->virtualization);
	otlp_text(o, "cicd.pipeline.run.id", ci->run);
	otlp_text(o, "cicd.pipeline.run.url.full", ci->url);
	otlp_text(o, "latwrap.ci.provider", ci->provider);
	otlp_text(o, "latwrap.ci.attempt", ci->attempt);
	describe_repository(o, ci->repository);
	otlp_text(o, "vcs.ref.head.name", ci->branch);
	otlp_text(o, "vcs.ref.head.revision", ci->sha);
}

/* -- The run --------------------------------------------------------------------------------------- */

static void print_totals(struct otlp *o)
{
	const struct report *report = o->report;

	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++) {
		const struct report_stall_sum *of = report->totals.of[kind];
		_cleanup_free_ char *count = NULL, *total = NULL;

		if (!of || report->verdict.status.value == VERDICT_UNMEASURED ||
		    !report->thresholds.ns[kind].known)
			continue;
		count = xasprintf("latwrap.%s.stalls", kind_catalog[kind].name);
		total = xasprintf("latwrap.%s.stalled_ns", kind_catalog[kind].name);
		otlp_number(o, count, (int64_t)of->count);
		otlp_number(o, total, (int64_t)of->total_ns);
	}
	otlp_known(o, "latwrap.steal_ns", report->pressure.steal_ns);
}

static void print_run(struct otlp *o, uint64_t id)
{
	const struct report *report = o->report;
	const struct report_run *run = &report->run;
	const char *job = run->ci ? run->ci->job : NULL;
	_cleanup_free_ char *command = run_command_line(report);
	_cleanup_free_ char *how = view_exit(report, &style);
	int status = view_exit_status(report);
	bool timed_out = run->exit.timed_out;

	otlp_begin(o, id, 0, job ? job : "latwrap", 0, run->duration_ns);
	otlp_text(o, "cicd.pipeline.task.name", job);
	otlp_text(o, "cicd.pipeline.task.type", "test");
	if (status >= 0)
		otlp_text(o, "cicd.pipeline.task.run.result",
			  timed_out ? "timeout"
			  : status  ? "failure"
				    : "success");
	if (status > 0)
		otlp_text(o, "error.type", timed_out ? "timeout" : how);
	otlp_text(o, "process.command_line", command);
	otlp_known(o, "process.pid", run->pid);
	otlp_known(o, "process.exit.code", run->exit.code);
	otlp_text(o, "process.working_directory", run->cwd);
	otlp_text(o, "latwrap.run.id", run->id);
	otlp_bool(o, "latwrap.complete", report->complete);
	otlp_known(o, "latwrap.exit_status", run->exit_status);
	otlp_text(o, "latwrap.tracing.status", report->tracing.status.text);
	otlp_text(o, "latwrap.verdict.status", report->verdict.status.text);
	otlp_text(o, "latwrap.verdict.sentence", report->verdict.sentence);
	print_totals(o);
	otlp_end(o, status > 0 ? OTLP_ERROR : OTLP_UNSET, how);
}

/* -- Spans ----------------------------------------------------------------------------------------- */

struct span_ids {
	uint64_t id; /* of the report */
	uint64_t otlp;
	const struct report_span *span;
};

static int compare_span_ids(const void *a, const void *b)
{
	const struct span_ids *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static size_t list_span_ids(const struct otlp *o, struct span_ids **ret)
{
	size_t count = o->report->spans.count;
	struct span_ids *list = xcalloc(count + 1, sizeof(*list));

	for (size_t i = 0; i < count; i++) {
		const struct report_span *span = &o->report->spans.list[i];

		list[i] = (struct span_ids){span->id, otlp_id(o, 's', i + 1), span};
	}
	qsort(list, count, sizeof(*list), compare_span_ids);
	*ret = list;
	return count;
}

struct spans {
	struct span_ids *list;
	size_t count;
	uint64_t run;
};

static const struct span_ids *find_span(const struct spans *spans, struct optional_u64 id)
{
	const struct span_ids key = {.id = id.value};

	return id.known ? bsearch(&key, spans->list, spans->count, sizeof(key), compare_span_ids)
			: NULL;
}

#define DEPTH_MAX 64

/*
 * A made-up report can have loops, which readers of traces do not expect. A span without a way up
 * to the run becomes a child of the run.
 */
static const struct span_ids *parent_of(const struct spans *spans, const struct report_span *span)
{
	const struct span_ids *parent = find_span(spans, span->parent), *above = parent;

	for (unsigned int depth = 0; above; depth++) {
		if (depth == DEPTH_MAX)
			return NULL;
		above = find_span(spans, above->span->parent);
	}
	return parent;
}

static bool has_failed(const struct report_span *span)
{
	return span->outcome.value == SPAN_FAILED || span->outcome.value == SPAN_ERROR;
}

static void print_outcome(struct otlp *o, const struct report_span *span, bool is_test)
{
	int outcome = span->outcome.value;
	bool failed = has_failed(span), passed = outcome == SPAN_PASSED;

	if (!span->outcome.text)
		return;
	if (is_test && (passed || failed))
		otlp_text(o, "test.case.result.status", passed ? "pass" : "fail");
	else if (!is_test)
		otlp_text(o, "test.suite.run.status",
			  passed                    ? "success"
			  : failed                  ? "failure"
			  : outcome == SPAN_SKIPPED ? "skipped"
						    : NULL);
	otlp_text(o, "latwrap.test.outcome", span->outcome.text);
	otlp_text(o, "latwrap.test.answer", span->answer.text);
	otlp_text(o, "latwrap.test.evidence", span->evidence);
	otlp_known(o, "latwrap.lost_ns", span->lost_ns);
	otlp_known(o, "latwrap.crowded_ns", span->crowded_ns);
}

static void print_span_stalls(struct otlp *o, const struct report_span *span)
{
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++) {
		_cleanup_free_ char *key = xasprintf("latwrap.%s.stalls", kind_catalog[kind].name);

		otlp_number(o, key, (int64_t)span->stalls.of[kind]);
	}
	otlp_number(o, "latwrap.stalled_ns", (int64_t)span->stalled_ns);
	otlp_number(o, "latwrap.max_stall_ns", (int64_t)span->max_stall_ns);
	otlp_text(o, "latwrap.cause", span->cause.text);
	if (!span->culprit)
		return;
	otlp_text(o, "latwrap.culprit.name", span->culprit->comm);
	otlp_text(o, "latwrap.culprit.where", span->culprit->where.text);
	otlp_number(o, "latwrap.culprit.ns", (int64_t)span->culprit->ns);
}

static void print_span(struct otlp *o, const struct spans *spans, const struct report_span *span,
		       uint64_t id, bool is_test)
{
	const struct span_ids *parent = parent_of(spans, span);

	otlp_begin(o, id, parent ? parent->otlp : spans->run, span->name, span->start_ns.value,
		   span->start_ns.value + span->duration_ns.value);
	otlp_text(o, is_test ? "test.case.name" : "test.suite.name", span->name);
	if (is_test && parent)
		otlp_text(o, "test.suite.name", parent->span->name);
	print_outcome(o, span, is_test);
	otlp_text(o, "code.file.path", span->file);
	otlp_known(o, "code.line.number", span->line);
	otlp_known(o, "process.pid", span->pid);
	otlp_text(o, "latwrap.test.runner", span->runner);
	otlp_text(o, "latwrap.test.worker", span->worker);
	otlp_known(o, "latwrap.test.attempt", span->attempt);
	print_span_stalls(o, span);
	otlp_events(o, span->phases.list, span->phases.count);
	otlp_end(o, has_failed(span) ? OTLP_ERROR : OTLP_UNSET,
		 span->answer.text ? span->answer.text : span->outcome.text);
}

/* The spans that are tests, by address: found by tests_find() */
static int compare_pointers(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t) * (const struct report_span *const *)a,
		  y = (uintptr_t) * (const struct report_span *const *)b;

	return x < y ? -1 : x > y;
}

static void print_spans(struct otlp *o, const struct named_report *report,
			const struct spans *spans)
{
	const struct named_reports one = {.list = report, .count = 1};
	_cleanup_free_ const struct report_span **cases = NULL;
	struct tests tests;

	tests_find(&one, &tests);
	cases = xcalloc(tests.count + 1, sizeof(*cases));
	for (size_t i = 0; i < tests.count; i++)
		cases[i] = tests.list[i].span;
	qsort(cases, tests.count, sizeof(*cases), compare_pointers);
	for (size_t i = 0; i < o->report->spans.count; i++) {
		const struct report_span *span = &o->report->spans.list[i];
		bool is_test = bsearch(&span, cases, tests.count, sizeof(*cases), compare_pointers);

		/* A span of OpenTelemetry must have times. */
		if (span->start_ns.known)
			print_span(o, spans, span, otlp_id(o, 's', i + 1), is_test);
	}
	tests_clear(&tests);
}

/* -- Stalls ---------------------------------------------------------------------------------------- */

static void print_shares(struct otlp *o, const struct report_stall *stall)
{
	for (size_t i = 0; i < stall->shares.count; i++) {
		const struct report_share *share = &stall->shares.list[i];
		_cleanup_free_ char *key = NULL;

		/* A made-up report may have any value. */
		if (!share->ns || strlen(share->cause) > 30 ||
		    share->cause[strspn(share->cause, "abcdefghijklmnopqrstuvwxyz_")])
			continue;
		key = xasprintf("latwrap.share.%s", share->cause);
		otlp_number(o, key, (int64_t)share->ns);
	}
}

static void print_stall(struct otlp *o, const struct spans *spans, const struct report_stall *stall,
			uint64_t id, const char *watched)
{
	const struct span_ids *parent = watched ? NULL : find_span(spans, stall->span_id);
	_cleanup_free_ char *name =
		stall->kind.value >= 0 ? xasprintf("stall: %s", kind_catalog[stall->kind.value].one)
				       : xstrdup("stall");

	otlp_begin(o, id, parent ? parent->otlp : spans->run, name, stall->start_ns,
		   stall->start_ns + stall->duration_ns);
	otlp_text(o, "latwrap.watched", watched);
	otlp_fields(o, &stall_fields, stall);
	print_shares(o, stall);
	if (stall->culprits.count)
		otlp_fields(o, &culprit_fields, stall->culprits.list);
	otlp_end(o, OTLP_UNSET, NULL);
}

static void print_stalls(struct otlp *o, const struct spans *spans)
{
	const struct report *report = o->report;
	uint64_t number = 0;

	for (size_t i = 0; i < report->stalls.count; i++)
		print_stall(o, spans, &report->stalls.list[i], otlp_id(o, 't', ++number), NULL);
	for (size_t i = 0; i < report->watched.count; i++) {
		const struct report_watched *watched = &report->watched.list[i];

		for (size_t k = 0; k < watched->stalls.count; k++)
			print_stall(o, spans, &watched->stalls.list[k], otlp_id(o, 't', ++number),
				    watched_name(watched));
	}
}

static bool print_one(const struct named_report *report, FILE *out)
{
	struct spans spans;
	struct otlp o;
	uint64_t start_ns;

	if (!named_unix_ns(report->report, 0, &start_ns))
		return false;
	otlp_open(&o, report->report, out, describe);
	spans.run = otlp_id(&o, 'r', 0);
	spans.count = list_span_ids(&o, &spans.list);
	print_run(&o, spans.run);
	print_spans(&o, report, &spans);
	print_stalls(&o, &spans);
	otlp_close(&o);
	free(spans.list);
	return true;
}

bool otlp_print_report(const struct named_report *of, FILE *out)
{
	for (size_t i = 0; i < of->report->attempts.count; i++) {
		const struct named_report earlier = {of->name, of->report->attempts.list[i].report};

		if (earlier.report)
			print_one(&earlier, out);
	}
	return print_one(of, out);
}
