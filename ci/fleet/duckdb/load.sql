-- Loads reports into DuckDB: SET VARIABLE reports = 'GLOB' first; of each run the newest report stays
--
-- Every type is spelled out. The reports that come first are those of quiet machines, and from their
-- empty lists and nulls there is nothing to guess a stall's columns from.
BEGIN TRANSACTION;

CREATE OR REPLACE TEMP MACRO latwrap_status(done) AS
	CASE WHEN done.timed_out THEN 124
	     WHEN done.signal IS NOT NULL THEN 128 + done.signal
	     ELSE done.code END;

-- A kind without a threshold was not measured, which is not 0.
CREATE OR REPLACE TEMP MACRO latwrap_measured(verdict, threshold_ns, value) AS
	CASE WHEN verdict.status != 'unmeasured' AND threshold_ns IS NOT NULL THEN value END;

CREATE OR REPLACE TEMP TABLE incoming AS
WITH files AS (
	SELECT json
	FROM read_json_objects(getvariable('reports'), format = 'unstructured', maximum_object_size = 67108864)
),
-- The attempts of --retry that were followed by another have their reports in that of the last.
each AS (
	SELECT json FROM files
	UNION ALL
	SELECT unnest(json_extract(json, '$.attempts[*].report')) FROM files
),
typed AS (
	SELECT unnest(from_json(json, json_object(
		'schema_version', 'BIGINT',
		'complete', 'BOOLEAN',
		'run', 'STRUCT(
		id VARCHAR, started_at VARCHAR, duration_ns BIGINT, command VARCHAR[], cwd VARCHAR,
		exit STRUCT(code INTEGER, signal INTEGER, timed_out BOOLEAN), exit_status INTEGER,
		host STRUCT(hostname VARCHAR, kernel VARCHAR, architecture VARCHAR, cpus_allowed BIGINT, cpu_model VARCHAR,
			memory_bytes BIGINT, virtualization VARCHAR),
		ci STRUCT(provider VARCHAR, repository VARCHAR, sha VARCHAR, branch VARCHAR, job VARCHAR, run VARCHAR,
			attempt VARCHAR, url VARCHAR))',
		'thresholds', 'STRUCT(cpu_ns BIGINT, io_ns BIGINT, hiccup_ns BIGINT)',
		'tracing', 'STRUCT(status VARCHAR, loss STRUCT("count" BIGINT)[])',
		'verdict', 'STRUCT(status VARCHAR, sentence VARCHAR, gates STRUCT(breached BOOLEAN)[],
		tests STRUCT("count" BIGINT, failed BIGINT, error BIGINT, machine BIGINT, crowded BIGINT, waited BIGINT,
			code BIGINT, interrupted BIGINT, unmeasured BIGINT),
		cost STRUCT(lost_ns BIGINT, crowded_ns BIGINT), answer VARCHAR)',
		'totals', 'STRUCT(
		cpu STRUCT("count" BIGINT, total_ns BIGINT, max_ns BIGINT,
			by_cause MAP(VARCHAR, STRUCT("count" BIGINT, total_ns BIGINT))),
		io STRUCT("count" BIGINT, total_ns BIGINT, max_ns BIGINT,
			by_cause MAP(VARCHAR, STRUCT("count" BIGINT, total_ns BIGINT))),
		hiccup STRUCT("count" BIGINT, total_ns BIGINT, max_ns BIGINT,
			by_cause MAP(VARCHAR, STRUCT("count" BIGINT, total_ns BIGINT))))',
		'pressure', 'STRUCT(steal_ns BIGINT)',
		'spans', 'STRUCT(
		id BIGINT, parent BIGINT, name VARCHAR, runner VARCHAR, file VARCHAR, line BIGINT, attempt BIGINT,
		outcome VARCHAR, answer VARCHAR, evidence VARCHAR, lost_ns BIGINT, crowded_ns BIGINT, start_ns BIGINT, duration_ns BIGINT,
		stalls STRUCT(cpu BIGINT, io BIGINT, hiccup BIGINT), stalled_ns BIGINT, max_stall_ns BIGINT, cpu_time_ns BIGINT,
		cause VARCHAR, culprit STRUCT(comm VARCHAR, "where" VARCHAR, ns BIGINT))[]',
		'stalls', 'STRUCT(
		kind VARCHAR, start_ns BIGINT, duration_ns BIGINT, cause VARCHAR, pid BIGINT, tid BIGINT, comm VARCHAR,
		command VARCHAR, cpu BIGINT, span_id BIGINT, span VARCHAR, reason VARCHAR, operation VARCHAR, path VARCHAR,
		bytes BIGINT, errno VARCHAR, kernel_function VARCHAR,
		culprits STRUCT(comm VARCHAR, "where" VARCHAR, cgroup VARCHAR, ns BIGINT)[])[]',
		'watched', 'STRUCT(name VARCHAR, cgroup VARCHAR, stalls STRUCT(
		kind VARCHAR, start_ns BIGINT, duration_ns BIGINT, cause VARCHAR, pid BIGINT, tid BIGINT, comm VARCHAR,
		command VARCHAR, cpu BIGINT, span_id BIGINT, span VARCHAR, reason VARCHAR, operation VARCHAR, path VARCHAR,
		bytes BIGINT, errno VARCHAR, kernel_function VARCHAR,
		culprits STRUCT(comm VARCHAR, "where" VARCHAR, cgroup VARCHAR, ns BIGINT)[])[])[]'
	)))
	FROM each
)
SELECT * FROM typed
WHERE schema_version = 1 AND run.id IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY run.id ORDER BY complete DESC, run.duration_ns DESC) = 1;

-- What is there already is kept, unless it was a checkpoint and this is a later report of that run.
DELETE FROM incoming USING latwrap.runs AS old
WHERE old.run_id = incoming.run.id
	AND (old.complete OR (NOT incoming.complete AND old.duration_ns >= incoming.run.duration_ns));
DELETE FROM latwrap.runs WHERE run_id IN (SELECT run.id FROM incoming);
DELETE FROM latwrap.causes WHERE run_id IN (SELECT run.id FROM incoming);
DELETE FROM latwrap.tests WHERE run_id IN (SELECT run.id FROM incoming);
DELETE FROM latwrap.stalls WHERE run_id IN (SELECT run.id FROM incoming);

INSERT INTO latwrap.runs BY NAME
SELECT
	run.id AS run_id,
	CAST(replace(run.started_at, 'Z', '') AS TIMESTAMP) AS started_at,
	complete,
	run.duration_ns AS duration_ns,
	array_to_string(run.command, ' ') AS command,
	latwrap_status(run.exit) AS command_status,
	run.exit_status AS exit_status,
	coalesce(latwrap_status(run.exit) != 0, false) AS failed,
	len(list_filter(verdict.gates, lambda gate: gate.breached)) AS gates_breached,
	run.ci.provider AS provider,
	run.ci.repository AS repository,
	run.ci.sha AS sha,
	run.ci.branch AS branch,
	run.ci.job AS job,
	run.ci.run AS ci_run,
	run.ci.attempt AS attempt,
	run.ci.url AS url,
	run.host.hostname AS hostname,
	run.host.kernel AS kernel,
	run.host.architecture AS architecture,
	run.host.cpu_model AS cpu_model,
	run.host.cpus_allowed AS cpus,
	run.host.memory_bytes AS memory_bytes,
	run.host.virtualization AS virtualization,
	concat(coalesce(run.ci.provider, 'no CI'), ', ', coalesce(CAST(run.host.cpus_allowed AS VARCHAR), '?'), ' x ',
		coalesce(run.host.cpu_model, '?'), ', ', coalesce(run.host.virtualization, 'bare')) AS runner_type,
	tracing.status AS tracing,
	coalesce(list_sum(list_transform(tracing.loss, lambda loss: loss.count)), 0) AS lost,
	verdict.status AS verdict,
	verdict.sentence AS sentence,
	latwrap_measured(verdict, thresholds.cpu_ns, totals.cpu.count) AS cpu_stalls,
	latwrap_measured(verdict, thresholds.cpu_ns, totals.cpu.total_ns) AS cpu_stalled_ns,
	latwrap_measured(verdict, thresholds.cpu_ns, totals.cpu.max_ns) AS cpu_max_ns,
	latwrap_measured(verdict, thresholds.io_ns, totals.io.count) AS io_stalls,
	latwrap_measured(verdict, thresholds.io_ns, totals.io.total_ns) AS io_stalled_ns,
	latwrap_measured(verdict, thresholds.io_ns, totals.io.max_ns) AS io_max_ns,
	latwrap_measured(verdict, thresholds.hiccup_ns, totals.hiccup.count) AS hiccups,
	latwrap_measured(verdict, thresholds.hiccup_ns, totals.hiccup.total_ns) AS hiccup_stalled_ns,
	latwrap_measured(verdict, thresholds.hiccup_ns, totals.hiccup.max_ns) AS hiccup_max_ns,
	pressure.steal_ns AS steal_ns,
	verdict.tests.count AS tests,
	verdict.tests.failed + verdict.tests.error AS tests_failed,
	verdict.tests.machine AS tests_machine,
	verdict.tests.crowded AS tests_crowded,
	verdict.tests.waited AS tests_waited,
	verdict.tests.code AS tests_code,
	verdict.tests.interrupted AS tests_interrupted,
	verdict.tests.unmeasured AS tests_unmeasured,
	verdict.cost.lost_ns AS lost_ns,
	verdict.cost.crowded_ns AS crowded_ns,
	verdict.answer AS answer
FROM incoming;

INSERT INTO latwrap.causes BY NAME
WITH kinds AS (
	SELECT run.id AS run_id, 'cpu' AS kind, unnest(map_entries(totals.cpu.by_cause)) AS entry FROM incoming
	UNION ALL
	SELECT run.id, 'io', unnest(map_entries(totals.io.by_cause)) FROM incoming
	UNION ALL
	SELECT run.id, 'hiccup', unnest(map_entries(totals.hiccup.by_cause)) FROM incoming
)
SELECT run_id, kind, entry.key AS cause, entry.value.count AS stalls, entry.value.total_ns AS stalled_ns FROM kinds;

-- A test is a span with an outcome and without another such span below; what encloses it is its suite.
-- Its file is told from the run's directory on: checkouts are somewhere else on each runner.
INSERT INTO latwrap.tests BY NAME
WITH spans AS (SELECT run.id AS run_id, run.cwd || '/' AS directory, unnest(spans) AS span FROM incoming)
SELECT
	s.run_id,
	s.span.id AS span_id,
	suite.span.name AS suite,
	s.span.name AS name,
	s.span.runner AS runner,
	CASE WHEN starts_with(s.span.file, s.directory) THEN substr(s.span.file, length(s.directory) + 1) ELSE s.span.file END AS file,
	s.span.line AS line,
	s.span.attempt AS attempt,
	s.span.outcome AS outcome,
	s.span.answer AS answer,
	s.span.evidence AS evidence,
	s.span.lost_ns AS lost_ns,
	s.span.crowded_ns AS crowded_ns,
	s.span.start_ns AS start_ns,
	s.span.duration_ns AS duration_ns,
	s.span.stalls.cpu AS cpu_stalls,
	s.span.stalls.io AS io_stalls,
	s.span.stalls.hiccup AS hiccups,
	s.span.stalled_ns AS stalled_ns,
	s.span.max_stall_ns AS max_stall_ns,
	s.span.cpu_time_ns AS cpu_time_ns,
	s.span.cause AS cause,
	s.span.culprit.comm AS culprit,
	s.span.culprit.where AS culprit_where,
	s.span.culprit.ns AS culprit_ns
FROM spans AS s
LEFT JOIN spans AS suite ON suite.run_id = s.run_id AND suite.span.id = s.span.parent
WHERE s.span.outcome IS NOT NULL AND NOT EXISTS (
	SELECT 1 FROM spans AS below
	WHERE below.run_id = s.run_id AND below.span.parent = s.span.id AND below.span.outcome IS NOT NULL);

INSERT INTO latwrap.stalls BY NAME
WITH watched AS (SELECT run.id AS run_id, unnest(watched) AS other FROM incoming),
rows AS (
	SELECT run.id AS run_id, NULL AS watched, unnest(stalls) AS stall FROM incoming
	UNION ALL
	SELECT run_id, coalesce(other.name, other.cgroup, '?'), unnest(other.stalls) FROM watched
)
SELECT
	run_id, watched, stall.kind AS kind, stall.start_ns AS start_ns, stall.duration_ns AS duration_ns, stall.cause AS cause,
	stall.pid AS pid, stall.tid AS tid, stall.comm AS comm, stall.command AS command, stall.cpu AS cpu,
	stall.span_id AS span_id, stall.span AS span, stall.reason AS reason, stall.operation AS operation, stall.path AS path,
	stall.bytes AS bytes, stall.errno AS errno, stall.kernel_function AS kernel_function,
	stall.culprits[1].comm AS culprit, stall.culprits[1].where AS culprit_where,
	stall.culprits[1].cgroup AS culprit_cgroup, stall.culprits[1].ns AS culprit_ns
FROM rows;

DROP TABLE incoming;
COMMIT;
