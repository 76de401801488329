/* OpenTelemetry traces, as JSON lines that a collector takes from a file or by HTTP */
#include "views/otlp/otlp.h"

#include <inttypes.h>

#include "base/util.h"
#include "views/watched_words.h"
#include "views/rows/columns.h"
#include "report/load.h"
#include "views/otlp/otlp_print.h"
#include "views/tests.h"

/*
 * Names that OpenTelemetry knows are its own (opentelemetry.io: Semantic conventions 1.40, Test,
 * CICD, VCS, Host, OS, Process, Thread, Code); all others begin with "latwrap.".
 */

static const struct view_style style = {
	.escape = view_escape_terminal,
	.name_columns = 64,
	.path_columns = 200,
};

/* -- Resource: where the run was ------------------------------------------------------------------- */

/* As semantic conventions call them, where they call them otherwise than uname(2). */
static const char *architecture(const char *machine)
{
	if (!machine)
		return NULL;
	return streq(machine, "x86_64") ? "amd64" : streq(machine, "aarch64") ? "arm64" : machine;
}

/* "owner/name", or a URL, as the CI system has it. */
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
	const cJSON *host = report_object(o->report, "run.host");
	const cJSON *ci = report_object(o->report, "run.ci");

	otlp_text(o, "service.name", "latwrap");
	otlp_field(o, "service.version", o->report, "tool.version");
	otlp_field(o, "host.name", host, "hostname");
	otlp_text(o, "host.arch", architecture(report_string(host, "architecture", NULL)));
	otlp_field(o, "host.cpu.model.name", host, "cpu_model");
	otlp_text(o, "os.type", "linux");
	otlp_field(o, "os.version", host, "kernel");
	otlp_field(o, "latwrap.host.cpus_allowed", host, "cpus_allowed");
	otlp_field(o, "latwrap.host.virtualization", host, "virtualization");
	otlp_field(o, "cicd.pipeline.run.id", ci, "run");
	otlp_field(o, "cicd.pipeline.run.url.full", ci, "url");
	otlp_field(o, "latwrap.ci.provider", ci, "provider");
	otlp_field(o, "latwrap.ci.attempt", ci, "attempt");
	describe_repository(o, report_string(ci, "repository", NULL));
	otlp_field(o, "vcs.ref.head.name", ci, "branch");
	otlp_field(o, "vcs.ref.head.revision", ci, "sha");
}

/* -- The run --------------------------------------------------------------------------------------- */

static void print_totals(struct otlp *o)
{
	static const struct {
		const char *count_key, *total_key, *count, *total, *threshold;
	} kinds[] = {
		{"latwrap.cpu.stalls", "latwrap.cpu.stalled_ns", "totals.cpu.count",
		 "totals.cpu.total_ns", "thresholds.cpu_ns"},
		{"latwrap.io.stalls", "latwrap.io.stalled_ns", "totals.io.count",
		 "totals.io.total_ns", "thresholds.io_ns"},
		{"latwrap.hiccup.stalls", "latwrap.hiccup.stalled_ns", "totals.hiccup.count",
		 "totals.hiccup.total_ns", "thresholds.hiccup_ns"},
	};
	const char *status = report_string(o->report, "verdict.status", "");

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (streq(status, "unmeasured") || !report_known(o->report, kinds[i].threshold))
			continue;
		otlp_field(o, kinds[i].count_key, o->report, kinds[i].count);
		otlp_field(o, kinds[i].total_key, o->report, kinds[i].total);
	}
	otlp_field(o, "latwrap.steal_ns", o->report, "pressure.steal_ns");
}

static void print_run(struct otlp *o, uint64_t id)
{
	const cJSON *report = o->report;
	const char *job = report_string(report, "run.ci.job", NULL);
	_cleanup_free_ char *command = run_command_line(report);
	_cleanup_free_ char *how = view_exit(report, &style);
	int status = view_exit_status(report);
	bool timed_out = report_bool(report, "run.exit.timed_out", false);

	otlp_begin(o, id, 0, job ? job : "latwrap", 0, report_u64(report, "run.duration_ns", 0));
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
	otlp_field(o, "process.pid", report, "run.pid");
	otlp_field(o, "process.exit.code", report, "run.exit.code");
	otlp_field(o, "process.working_directory", report, "run.cwd");
	otlp_field(o, "latwrap.run.id", report, "run.id");
	otlp_field(o, "latwrap.complete", report, "complete");
	otlp_field(o, "latwrap.exit_status", report, "run.exit_status");
	otlp_field(o, "latwrap.tracing.status", report, "tracing.status");
	otlp_field(o, "latwrap.verdict.status", report, "verdict.status");
	otlp_field(o, "latwrap.verdict.sentence", report, "verdict.sentence");
	print_totals(o);
	otlp_end(o, status > 0 ? OTLP_ERROR : OTLP_UNSET, how);
}

/* -- Spans ----------------------------------------------------------------------------------------- */

struct span_ids {
	double id; /* of the report */
	uint64_t otlp;
	const cJSON *span;
};

static int compare_span_ids(const void *a, const void *b)
{
	const struct span_ids *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static size_t list_span_ids(const struct otlp *o, struct span_ids **ret)
{
	const cJSON *spans = report_array(o->report, "spans"), *span;
	struct span_ids *list = xcalloc((size_t)cJSON_GetArraySize(spans) + 1, sizeof(*list));
	size_t n = 0, number = 0;

	cJSON_ArrayForEach(span, spans) {
		const cJSON *id = report_get(span, "id");

		number++;
		if (cJSON_IsNumber(id) && __builtin_isfinite(id->valuedouble))
			list[n++] =
				(struct span_ids){id->valuedouble, otlp_id(o, 's', number), span};
	}
	qsort(list, n, sizeof(*list), compare_span_ids);
	*ret = list;
	return n;
}

struct spans {
	struct span_ids *list;
	size_t count;
	uint64_t run;
};

static const struct span_ids *find_span(const struct spans *spans, const cJSON *row,
					const char *field)
{
	const cJSON *id = report_get(row, field);
	struct span_ids key = {0};

	if (!cJSON_IsNumber(id) || !__builtin_isfinite(id->valuedouble))
		return NULL;
	key.id = id->valuedouble;
	return bsearch(&key, spans->list, spans->count, sizeof(key), compare_span_ids);
}

#define DEPTH_MAX 64

/* A made-up report can have loops, which no reader of a trace expects: what has no way up to the run
 * is put below it. */
static const struct span_ids *parent_of(const struct spans *spans, const cJSON *span)
{
	const struct span_ids *parent = find_span(spans, span, "parent"), *above = parent;

	for (unsigned int depth = 0; above; depth++) {
		if (depth == DEPTH_MAX)
			return NULL;
		above = find_span(spans, above->span, "parent");
	}
	return parent;
}

static void print_outcome(struct otlp *o, const cJSON *span, bool is_test)
{
	const char *outcome = report_string(span, "outcome", NULL);
	bool failed, passed;

	if (!outcome)
		return;
	failed = streq(outcome, "failed") || streq(outcome, "error");
	passed = streq(outcome, "passed");
	if (is_test && (passed || failed))
		otlp_text(o, "test.case.result.status", passed ? "pass" : "fail");
	else if (!is_test)
		otlp_text(o, "test.suite.run.status",
			  passed                      ? "success"
			  : failed                    ? "failure"
			  : streq(outcome, "skipped") ? "skipped"
						      : NULL);
	otlp_text(o, "latwrap.test.outcome", outcome);
	otlp_field(o, "latwrap.test.answer", span, "answer");
}

static void print_span_stalls(struct otlp *o, const cJSON *span)
{
	otlp_field(o, "latwrap.cpu.stalls", span, "stalls.cpu");
	otlp_field(o, "latwrap.io.stalls", span, "stalls.io");
	otlp_field(o, "latwrap.hiccup.stalls", span, "stalls.hiccup");
	otlp_field(o, "latwrap.stalled_ns", span, "stalled_ns");
	otlp_field(o, "latwrap.max_stall_ns", span, "max_stall_ns");
	otlp_field(o, "latwrap.cause", span, "cause");
	otlp_field(o, "latwrap.culprit.name", span, "culprit.comm");
	otlp_field(o, "latwrap.culprit.where", span, "culprit.where");
	otlp_field(o, "latwrap.culprit.ns", span, "culprit.ns");
}

static void print_span(struct otlp *o, const struct spans *spans, const cJSON *span, uint64_t id,
		       bool is_test)
{
	const char *name = report_string(span, "name", "?");
	const char *outcome = report_string(span, "outcome", "");
	const struct span_ids *parent = parent_of(spans, span);
	uint64_t start_ns = report_u64(span, "start_ns", 0), end_ns;
	bool failed = streq(outcome, "failed") || streq(outcome, "error");

	if (__builtin_add_overflow(start_ns, report_u64(span, "duration_ns", 0), &end_ns))
		end_ns = start_ns;
	otlp_begin(o, id, parent ? parent->otlp : spans->run, name, start_ns, end_ns);
	otlp_text(o, is_test ? "test.case.name" : "test.suite.name", name);
	if (is_test && parent)
		otlp_field(o, "test.suite.name", parent->span, "name");
	print_outcome(o, span, is_test);
	otlp_field(o, "code.file.path", span, "file");
	otlp_field(o, "code.line.number", span, "line");
	otlp_field(o, "process.pid", span, "pid");
	otlp_field(o, "latwrap.test.runner", span, "runner");
	otlp_field(o, "latwrap.test.worker", span, "worker");
	otlp_field(o, "latwrap.test.attempt", span, "attempt");
	print_span_stalls(o, span);
	otlp_events(o, report_array(span, "phases"));
	otlp_end(o, failed ? OTLP_ERROR : OTLP_UNSET, report_string(span, "answer", outcome));
}

/* Those that are tests, by address: tests_find() tells. */
static int compare_pointers(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t) * (const cJSON *const *)a,
		  y = (uintptr_t) * (const cJSON *const *)b;

	return x < y ? -1 : x > y;
}

static void print_spans(struct otlp *o, const struct named_report *report,
			const struct spans *spans)
{
	const struct named_reports one = {.list = report, .count = 1};
	_cleanup_free_ const cJSON **cases = NULL;
	uint64_t number = 0;
	struct tests tests;
	const cJSON *span;

	tests_find(&one, &tests);
	cases = xcalloc(tests.count + 1, sizeof(*cases));
	for (size_t i = 0; i < tests.count; i++)
		cases[i] = tests.list[i].span;
	qsort(cases, tests.count, sizeof(*cases), compare_pointers);
	cJSON_ArrayForEach(span, report_array(o->report, "spans")) {
		bool is_test = bsearch(&span, cases, tests.count, sizeof(*cases), compare_pointers);

		print_span(o, spans, span, otlp_id(o, 's', ++number), is_test);
	}
	tests_clear(&tests);
}

/* -- Stalls ---------------------------------------------------------------------------------------- */

static const char *stall_name(const char *kind)
{
	return streq(kind, "cpu")      ? "stall: wait for a CPU"
	       : streq(kind, "io")     ? "stall: file operation"
	       : streq(kind, "hiccup") ? "stall: pause of a CPU"
				       : "stall";
}

/* A made-up report may have any keys, and the same twice. */
static bool is_share(const cJSON *share, const cJSON *shares)
{
	const char *key = share->string;

	if (!key || strlen(key) > 30 || key[strspn(key, "abcdefghijklmnopqrstuvwxyz_")] ||
	    report_u64(share, "", 0) == 0)
		return false;
	for (const cJSON *before = shares->child; before != share; before = before->next)
		if (before->string && streq(before->string, key))
			return false;
	return true;
}

#define SHARES_MAX 32

static void print_shares(struct otlp *o, const cJSON *stall)
{
	const cJSON *shares = report_object(stall, "shares"), *share;
	unsigned int n = 0;

	cJSON_ArrayForEach(share, shares) {
		_cleanup_free_ char *key = NULL;

		if (n++ == SHARES_MAX)
			break;
		if (!is_share(share, shares))
			continue;
		key = xasprintf("latwrap.share.%s", share->string);
		otlp_field(o, key, share, "");
	}
}

static void print_stall(struct otlp *o, const struct spans *spans, const cJSON *stall, uint64_t id,
			const char *watched)
{
	const struct span_ids *parent = watched ? NULL : find_span(spans, stall, "span_id");
	const cJSON *culprits = report_array(stall, "culprits");
	const cJSON *culprit = culprits ? culprits->child : NULL;
	uint64_t start_ns = report_u64(stall, "start_ns", 0), end_ns;

	if (__builtin_add_overflow(start_ns, report_u64(stall, "duration_ns", 0), &end_ns))
		end_ns = start_ns;
	otlp_begin(o, id, parent ? parent->otlp : spans->run,
		   stall_name(report_string(stall, "kind", "")), start_ns, end_ns);
	otlp_field(o, "latwrap.stall.kind", stall, "kind");
	otlp_text(o, "latwrap.watched", watched);
	otlp_field(o, "latwrap.cause", stall, "cause");
	print_shares(o, stall);
	otlp_field(o, "latwrap.culprit.name", culprit, "comm");
	otlp_field(o, "latwrap.culprit.pid", culprit, "pid");
	otlp_field(o, "latwrap.culprit.where", culprit, "where");
	otlp_field(o, "latwrap.culprit.cgroup", culprit, "cgroup");
	otlp_field(o, "latwrap.culprit.ns", culprit, "ns");
	otlp_field(o, "process.pid", stall, "pid");
	otlp_field(o, "process.executable.path", stall, "exe");
	otlp_field(o, "process.command_line", stall, "command");
	otlp_field(o, "thread.id", stall, "tid");
	otlp_field(o, "thread.name", stall, "comm");
	otlp_field(o, "cpu.logical_number", stall, "cpu");
	otlp_field(o, "latwrap.wait.reason", stall, "reason");
	otlp_field(o, "latwrap.file.operation", stall, "operation");
	otlp_field(o, "file.path", stall, "path");
	otlp_field(o, "latwrap.file.bytes", stall, "bytes");
	otlp_field(o, "latwrap.file.errno", stall, "errno");
	otlp_field(o, "latwrap.kernel_function", stall, "kernel_function");
	otlp_end(o, OTLP_UNSET, NULL);
}

static void print_stalls(struct otlp *o, const struct spans *spans)
{
	const cJSON *stall, *also;
	uint64_t number = 0;

	cJSON_ArrayForEach(stall, report_array(o->report, "stalls")) {
		print_stall(o, spans, stall, otlp_id(o, 't', ++number), NULL);
	}
	cJSON_ArrayForEach(also, report_array(o->report, "also")) {
		cJSON_ArrayForEach(stall, report_array(also, "stalls")) {
			print_stall(o, spans, stall, otlp_id(o, 't', ++number), also_name(also));
		}
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

bool otlp_print_report(const struct named_report *report, FILE *out)
{
	const cJSON *attempt;

	cJSON_ArrayForEach(attempt, report_array(report->report, "attempts")) {
		struct named_report earlier = {
			.name = report->name,
			.report = report_object(attempt, "report"),
		};

		if (earlier.report)
			print_one(&earlier, out);
	}
	return print_one(report, out);
}
