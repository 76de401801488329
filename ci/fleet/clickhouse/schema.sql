-- Tables for the reports of many runs, in ClickHouse: what is inserted into latwrap.reports fills them
--
-- Every type is spelled out. The reports that come first are those of quiet machines, and from their
-- empty lists and nulls there is nothing to guess a stall's columns from.
CREATE DATABASE IF NOT EXISTS latwrap;

-- Takes whole reports, one a row, and keeps none.
CREATE TABLE IF NOT EXISTS latwrap.reports (report String) ENGINE = Null;

-- The attempts of --retry that were followed by another have their reports in that of the last.
CREATE TABLE IF NOT EXISTS latwrap.each_report (report String) ENGINE = Null;
CREATE MATERIALIZED VIEW IF NOT EXISTS latwrap.split_reports TO latwrap.each_report AS
SELECT one AS report
FROM latwrap.reports
ARRAY JOIN arrayConcat([report],
	arrayMap(attempt -> JSONExtractRaw(attempt, 'report'), JSONExtractArrayRaw(report, 'attempts'))) AS one;

-- Of each run all reports are kept that were loaded, checkpoints and copies too; the views below
-- show the newest. age orders them: a report of the end comes after all checkpoints.
CREATE TABLE IF NOT EXISTS latwrap.all_runs (
	run_id String,
	age UInt64,
	started_at DateTime64(6, 'UTC'),
	complete Bool, -- false: a checkpoint, and nothing newer of this run was loaded
	duration_ns Int64,
	command String,
	command_status Nullable(Int32), -- as a shell would report it
	exit_status Nullable(Int32), -- of latwrap
	failed Bool, -- the command
	gates_breached Int64,
	provider Nullable(String),
	repository Nullable(String),
	sha Nullable(String),
	branch Nullable(String),
	job Nullable(String),
	ci_run Nullable(String),
	attempt Nullable(String),
	url Nullable(String),
	hostname Nullable(String),
	kernel Nullable(String),
	architecture Nullable(String),
	cpu_model Nullable(String),
	cpus Nullable(Int64), -- that the command may use
	memory_bytes Nullable(Int64),
	virtualization Nullable(String),
	runner_type String, -- machines that ought to behave alike
	tracing String,
	lost Int64,
	verdict String,
	sentence String,
	cpu_stalls Nullable(Int64), -- NULL: not measured
	cpu_stalled_ns Nullable(Int64),
	cpu_max_ns Nullable(Int64),
	io_stalls Nullable(Int64),
	io_stalled_ns Nullable(Int64),
	io_max_ns Nullable(Int64),
	hiccups Nullable(Int64),
	hiccup_stalled_ns Nullable(Int64),
	hiccup_max_ns Nullable(Int64),
	steal_ns Nullable(Int64),
	tests Nullable(Int64), -- these are exact, whatever the report had to leave out
	tests_failed Nullable(Int64),
	tests_machine Nullable(Int64), -- failed tests by their answer
	tests_crowded Nullable(Int64),
	tests_waited Nullable(Int64),
	tests_code Nullable(Int64),
	tests_interrupted Nullable(Int64),
	tests_unmeasured Nullable(Int64),
	lost_ns Nullable(Int64), -- what the machine cost the run; NULL: not measured
	crowded_ns Nullable(Int64), -- what the run's own load cost it
	answer Nullable(String) -- of a command that failed without a failed test
) ENGINE = ReplacingMergeTree(age) ORDER BY run_id;

CREATE TABLE IF NOT EXISTS latwrap.all_causes (
	run_id String,
	age UInt64,
	kind LowCardinality(String),
	cause String,
	stalls Int64, -- with this as their largest share
	stalled_ns Int64 -- the sum of this share over all stalls
) ENGINE = ReplacingMergeTree ORDER BY (run_id, age, kind, cause);

CREATE TABLE IF NOT EXISTS latwrap.all_tests (
	run_id String,
	age UInt64,
	span_id Int64,
	suite Nullable(String),
	name String,
	runner Nullable(String),
	file Nullable(String),
	line Nullable(Int64),
	attempt Nullable(Int64),
	outcome String,
	answer Nullable(String), -- NULL: it did not fail
	evidence Nullable(String),
	lost_ns Nullable(Int64), -- NULL: not measured
	crowded_ns Nullable(Int64),
	start_ns Int64,
	duration_ns Int64,
	cpu_stalls Int64,
	io_stalls Int64,
	hiccups Int64,
	stalled_ns Int64,
	max_stall_ns Int64,
	cpu_time_ns Nullable(Int64),
	cause Nullable(String),
	culprit Nullable(String),
	culprit_where Nullable(String),
	culprit_ns Nullable(Int64)
) ENGINE = ReplacingMergeTree ORDER BY (run_id, age, span_id);

CREATE TABLE IF NOT EXISTS latwrap.all_stalls (
	run_id String,
	age UInt64,
	number UInt64, -- its place in the report
	watched Nullable(String), -- NULL: of the command; else what was watched beside it (--also)
	kind LowCardinality(String),
	start_ns Int64,
	duration_ns Int64,
	cause Nullable(String),
	pid Nullable(Int64),
	tid Nullable(Int64),
	comm Nullable(String),
	command Nullable(String),
	cpu Nullable(Int64),
	span_id Nullable(Int64),
	span Nullable(String),
	reason Nullable(String),
	operation Nullable(String),
	path Nullable(String),
	bytes Nullable(Int64),
	errno Nullable(String),
	kernel_function Nullable(String),
	culprit Nullable(String), -- who held the CPU longest
	culprit_where Nullable(String),
	culprit_cgroup Nullable(String),
	culprit_ns Nullable(Int64)
) ENGINE = ReplacingMergeTree ORDER BY (run_id, age, number);

-- What is no report in a version known here is left out: JSONExtract() finds nothing in it.
CREATE MATERIALIZED VIEW IF NOT EXISTS latwrap.load_runs TO latwrap.all_runs AS
WITH
	JSONExtract(report, 'run', 'host', 'Tuple(hostname Nullable(String), kernel Nullable(String), architecture Nullable(String),
		cpus_allowed Nullable(Int64), cpu_model Nullable(String), memory_bytes Nullable(Int64),
		virtualization Nullable(String))') AS host,
	JSONExtract(report, 'run', 'ci', 'Tuple(provider Nullable(String), repository Nullable(String), sha Nullable(String),
		branch Nullable(String), job Nullable(String), run Nullable(String), attempt Nullable(String),
		url Nullable(String))') AS ci,
	JSONExtract(report, 'run', 'exit', 'Tuple(code Nullable(Int32), signal Nullable(Int32), timed_out Nullable(Bool))') AS done,
	JSONExtract(report, 'thresholds', 'Tuple(cpu_ns Nullable(Int64), io_ns Nullable(Int64), hiccup_ns Nullable(Int64))') AS thresholds,
	JSONExtract(report, 'totals', 'cpu', 'Tuple(count Nullable(Int64), total_ns Nullable(Int64), max_ns Nullable(Int64))') AS cpu,
	JSONExtract(report, 'totals', 'io', 'Tuple(count Nullable(Int64), total_ns Nullable(Int64), max_ns Nullable(Int64))') AS io,
	JSONExtract(report, 'totals', 'hiccup', 'Tuple(count Nullable(Int64), total_ns Nullable(Int64), max_ns Nullable(Int64))') AS hiccup,
	JSONExtract(report, 'verdict', 'tests', 'Tuple(count Nullable(Int64), failed Nullable(Int64), error Nullable(Int64),
		machine Nullable(Int64), crowded Nullable(Int64), waited Nullable(Int64), code Nullable(Int64),
		interrupted Nullable(Int64), unmeasured Nullable(Int64))') AS counts,
	JSONExtract(report, 'verdict', 'cost', 'Tuple(lost_ns Nullable(Int64), crowded_ns Nullable(Int64))') AS cost,
	JSONExtractString(report, 'verdict', 'status') AS status,
	status != 'unmeasured' AND thresholds.cpu_ns IS NOT NULL AS has_cpu,
	status != 'unmeasured' AND thresholds.io_ns IS NOT NULL AS has_io,
	status != 'unmeasured' AND thresholds.hiccup_ns IS NOT NULL AS has_hiccup,
	multiIf(done.timed_out, 124, done.signal IS NOT NULL, 128 + done.signal, done.code) AS shell_status
SELECT
	JSONExtractString(report, 'run', 'id') AS run_id,
	JSONExtractUInt(report, 'run', 'duration_ns') + if(JSONExtractBool(report, 'complete'), bitShiftLeft(toUInt64(1), 63), 0) AS age,
	parseDateTime64BestEffort(JSONExtractString(report, 'run', 'started_at'), 6, 'UTC') AS started_at,
	JSONExtractBool(report, 'complete') AS complete,
	JSONExtractInt(report, 'run', 'duration_ns') AS duration_ns,
	arrayStringConcat(JSONExtract(report, 'run', 'command', 'Array(String)'), ' ') AS command,
	shell_status AS command_status,
	JSONExtract(report, 'run', 'exit_status', 'Nullable(Int32)') AS exit_status,
	coalesce(shell_status != 0, false) AS failed,
	arrayCount(gate -> JSONExtractBool(gate, 'breached'), JSONExtractArrayRaw(report, 'verdict', 'gates')) AS gates_breached,
	ci.provider AS provider,
	ci.repository AS repository,
	ci.sha AS sha,
	ci.branch AS branch,
	ci.job AS job,
	ci.run AS ci_run,
	ci.attempt AS attempt,
	ci.url AS url,
	host.hostname AS hostname,
	host.kernel AS kernel,
	host.architecture AS architecture,
	host.cpu_model AS cpu_model,
	host.cpus_allowed AS cpus,
	host.memory_bytes AS memory_bytes,
	host.virtualization AS virtualization,
	concat(coalesce(ci.provider, 'no CI'), ', ', coalesce(toString(host.cpus_allowed), '?'), ' x ',
		coalesce(host.cpu_model, '?'), ', ', coalesce(host.virtualization, 'bare')) AS runner_type,
	JSONExtractString(report, 'tracing', 'status') AS tracing,
	arraySum(loss -> JSONExtractInt(loss, 'count'), JSONExtractArrayRaw(report, 'tracing', 'loss')) AS lost,
	status AS verdict,
	JSONExtractString(report, 'verdict', 'sentence') AS sentence,
	if(has_cpu, cpu.count, NULL) AS cpu_stalls,
	if(has_cpu, cpu.total_ns, NULL) AS cpu_stalled_ns,
	if(has_cpu, cpu.max_ns, NULL) AS cpu_max_ns,
	if(has_io, io.count, NULL) AS io_stalls,
	if(has_io, io.total_ns, NULL) AS io_stalled_ns,
	if(has_io, io.max_ns, NULL) AS io_max_ns,
	if(has_hiccup, hiccup.count, NULL) AS hiccups,
	if(has_hiccup, hiccup.total_ns, NULL) AS hiccup_stalled_ns,
	if(has_hiccup, hiccup.max_ns, NULL) AS hiccup_max_ns,
	JSONExtract(report, 'pressure', 'steal_ns', 'Nullable(Int64)') AS steal_ns,
	counts.count AS tests,
	counts.failed + counts.error AS tests_failed,
	counts.machine AS tests_machine,
	counts.crowded AS tests_crowded,
	counts.waited AS tests_waited,
	counts.code AS tests_code,
	counts.interrupted AS tests_interrupted,
	counts.unmeasured AS tests_unmeasured,
	cost.lost_ns AS lost_ns,
	cost.crowded_ns AS crowded_ns,
	JSONExtract(report, 'verdict', 'answer', 'Nullable(String)') AS answer
FROM latwrap.each_report
WHERE JSONExtractInt(report, 'schema_version') = 1 AND run_id != '';

CREATE MATERIALIZED VIEW IF NOT EXISTS latwrap.load_causes TO latwrap.all_causes AS
SELECT
	JSONExtractString(report, 'run', 'id') AS run_id,
	JSONExtractUInt(report, 'run', 'duration_ns') + if(JSONExtractBool(report, 'complete'), bitShiftLeft(toUInt64(1), 63), 0) AS age,
	kind,
	entry.1 AS cause,
	JSONExtractInt(entry.2, 'count') AS stalls,
	JSONExtractInt(entry.2, 'total_ns') AS stalled_ns
FROM latwrap.each_report
ARRAY JOIN ['cpu', 'io', 'hiccup'] AS kind
ARRAY JOIN JSONExtractKeysAndValuesRaw(report, 'totals', kind, 'by_cause') AS entry
WHERE JSONExtractInt(report, 'schema_version') = 1 AND run_id != '';

-- A test is a span with an outcome and without another such span below; what encloses it is its suite.
-- Its file is told from the run's directory on: checkouts are somewhere else on each runner.
CREATE MATERIALIZED VIEW IF NOT EXISTS latwrap.load_tests TO latwrap.all_tests AS
WITH
	concat(JSONExtractString(report, 'run', 'cwd'), '/') AS directory,
	JSONExtract(report, 'spans', 'Array(Tuple(
		id Int64, parent Nullable(Int64), name String, runner Nullable(String), file Nullable(String), line Nullable(Int64),
		attempt Nullable(Int64), outcome Nullable(String), answer Nullable(String), evidence Nullable(String),
		lost_ns Nullable(Int64), crowded_ns Nullable(Int64), start_ns Int64, duration_ns Int64,
		stalls Tuple(cpu Int64, io Int64, hiccup Int64), stalled_ns Int64, max_stall_ns Int64, cpu_time_ns Nullable(Int64),
		cause Nullable(String),
		culprit Tuple(comm Nullable(String), where Nullable(String), ns Nullable(Int64))))') AS spans,
	arrayMap(s -> s.parent, arrayFilter(s -> s.outcome IS NOT NULL AND s.parent IS NOT NULL, spans)) AS suites
SELECT
	JSONExtractString(report, 'run', 'id') AS run_id,
	JSONExtractUInt(report, 'run', 'duration_ns') + if(JSONExtractBool(report, 'complete'), bitShiftLeft(toUInt64(1), 63), 0) AS age,
	span.id AS span_id,
	if(span.parent IS NULL, NULL, spans[indexOf(spans.id, assumeNotNull(span.parent))].name) AS suite,
	span.name AS name,
	span.runner AS runner,
	if(startsWith(coalesce(span.file, ''), directory), substring(span.file, length(directory) + 1), span.file) AS file,
	span.line AS line,
	span.attempt AS attempt,
	assumeNotNull(span.outcome) AS outcome,
	span.answer AS answer,
	span.evidence AS evidence,
	span.lost_ns AS lost_ns,
	span.crowded_ns AS crowded_ns,
	span.start_ns AS start_ns,
	span.duration_ns AS duration_ns,
	span.stalls.cpu AS cpu_stalls,
	span.stalls.io AS io_stalls,
	span.stalls.hiccup AS hiccups,
	span.stalled_ns AS stalled_ns,
	span.max_stall_ns AS max_stall_ns,
	span.cpu_time_ns AS cpu_time_ns,
	span.cause AS cause,
	span.culprit.comm AS culprit,
	span.culprit.where AS culprit_where,
	span.culprit.ns AS culprit_ns
FROM latwrap.each_report
ARRAY JOIN arrayFilter(s -> s.outcome IS NOT NULL AND NOT has(suites, s.id), spans) AS span
WHERE JSONExtractInt(report, 'schema_version') = 1 AND run_id != '';

CREATE MATERIALIZED VIEW IF NOT EXISTS latwrap.load_stalls TO latwrap.all_stalls AS
WITH
	arrayConcat(
		arrayMap(stall -> (CAST(NULL, 'Nullable(String)'), stall), JSONExtractArrayRaw(report, 'stalls')),
		arrayFlatten(arrayMap(
			other -> arrayMap(stall -> (
				coalesce(JSONExtract(other, 'name', 'Nullable(String)'), JSONExtract(other, 'cgroup', 'Nullable(String)'), '?'),
				stall), JSONExtractArrayRaw(other, 'stalls')),
			JSONExtractArrayRaw(report, 'watched')))) AS rows,
	JSONExtract(row.2, 'Tuple(
		kind String, start_ns Int64, duration_ns Int64, cause Nullable(String), pid Nullable(Int64), tid Nullable(Int64),
		comm Nullable(String), command Nullable(String), cpu Nullable(Int64), span_id Nullable(Int64), span Nullable(String),
		reason Nullable(String), operation Nullable(String), path Nullable(String), bytes Nullable(Int64),
		errno Nullable(String), kernel_function Nullable(String))') AS stall,
	JSONExtract(row.2, 'culprits', 1, 'Tuple(comm Nullable(String), where Nullable(String), cgroup Nullable(String),
		ns Nullable(Int64))') AS culprit_tuple
SELECT
	JSONExtractString(report, 'run', 'id') AS run_id,
	JSONExtractUInt(report, 'run', 'duration_ns') + if(JSONExtractBool(report, 'complete'), bitShiftLeft(toUInt64(1), 63), 0) AS age,
	number,
	row.1 AS watched,
	stall.kind AS kind,
	stall.start_ns AS start_ns,
	stall.duration_ns AS duration_ns,
	stall.cause AS cause,
	stall.pid AS pid,
	stall.tid AS tid,
	stall.comm AS comm,
	stall.command AS command,
	stall.cpu AS cpu,
	stall.span_id AS span_id,
	stall.span AS span,
	stall.reason AS reason,
	stall.operation AS operation,
	stall.path AS path,
	stall.bytes AS bytes,
	stall.errno AS errno,
	stall.kernel_function AS kernel_function,
	culprit_tuple.comm AS culprit,
	culprit_tuple.where AS culprit_where,
	culprit_tuple.cgroup AS culprit_cgroup,
	culprit_tuple.ns AS culprit_ns
FROM latwrap.each_report
ARRAY JOIN rows AS row, arrayEnumerate(rows) AS number
WHERE JSONExtractInt(report, 'schema_version') = 1 AND run_id != '';

-- What queries read: of each run the newest report, once.
CREATE VIEW IF NOT EXISTS latwrap.runs AS SELECT * FROM latwrap.all_runs FINAL;
CREATE VIEW IF NOT EXISTS latwrap.causes AS
SELECT * FROM latwrap.all_causes FINAL WHERE (run_id, age) IN (SELECT run_id, age FROM latwrap.all_runs FINAL);
CREATE VIEW IF NOT EXISTS latwrap.tests AS
SELECT * FROM latwrap.all_tests FINAL WHERE (run_id, age) IN (SELECT run_id, age FROM latwrap.all_runs FINAL);
CREATE VIEW IF NOT EXISTS latwrap.stalls AS
SELECT * FROM latwrap.all_stalls FINAL WHERE (run_id, age) IN (SELECT run_id, age FROM latwrap.all_runs FINAL);
