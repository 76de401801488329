-- Tables for the reports of many runs, in DuckDB: one row a run, cause, test and stall
CREATE SCHEMA IF NOT EXISTS latwrap;

CREATE TABLE IF NOT EXISTS latwrap.runs (
	run_id VARCHAR PRIMARY KEY,
	started_at TIMESTAMP, -- UTC
	complete BOOLEAN, -- false: a checkpoint, and nothing newer of this run was loaded
	duration_ns BIGINT,
	command VARCHAR,
	command_status INTEGER, -- as a shell would report it
	exit_status INTEGER, -- of latwrap
	failed BOOLEAN, -- the command
	gates_breached BIGINT,
	provider VARCHAR,
	repository VARCHAR,
	sha VARCHAR,
	branch VARCHAR,
	job VARCHAR,
	ci_run VARCHAR,
	attempt VARCHAR,
	url VARCHAR,
	hostname VARCHAR,
	kernel VARCHAR,
	architecture VARCHAR,
	cpu_model VARCHAR,
	cpus BIGINT, -- that the command may use
	memory_bytes BIGINT,
	virtualization VARCHAR,
	runner_type VARCHAR, -- machines that ought to behave alike
	tracing VARCHAR,
	lost BIGINT,
	verdict VARCHAR,
	sentence VARCHAR,
	cpu_stalls BIGINT, -- NULL: not measured
	cpu_stalled_ns BIGINT,
	cpu_max_ns BIGINT,
	io_stalls BIGINT,
	io_stalled_ns BIGINT,
	io_max_ns BIGINT,
	hiccups BIGINT,
	hiccup_stalled_ns BIGINT,
	hiccup_max_ns BIGINT,
	steal_ns BIGINT,
	tests BIGINT, -- these are exact, whatever the report had to leave out
	tests_failed BIGINT,
	tests_machine BIGINT, -- failed tests by their answer
	tests_crowded BIGINT,
	tests_waited BIGINT,
	tests_code BIGINT,
	tests_interrupted BIGINT,
	tests_unmeasured BIGINT,
	lost_ns BIGINT, -- what the machine cost the run; NULL: not measured
	crowded_ns BIGINT, -- what the run's own load cost it
	answer VARCHAR -- of a command that failed without a failed test
);

CREATE TABLE IF NOT EXISTS latwrap.causes (
	run_id VARCHAR,
	kind VARCHAR,
	cause VARCHAR,
	stalls BIGINT, -- with this as their largest share
	stalled_ns BIGINT -- the sum of this share over all stalls
);

CREATE TABLE IF NOT EXISTS latwrap.tests (
	run_id VARCHAR,
	span_id BIGINT,
	suite VARCHAR,
	name VARCHAR,
	runner VARCHAR,
	file VARCHAR,
	line BIGINT,
	attempt BIGINT,
	outcome VARCHAR,
	answer VARCHAR, -- NULL: it did not fail
	evidence VARCHAR,
	lost_ns BIGINT, -- NULL: not measured
	crowded_ns BIGINT,
	start_ns BIGINT,
	duration_ns BIGINT,
	cpu_stalls BIGINT,
	io_stalls BIGINT,
	hiccups BIGINT,
	stalled_ns BIGINT,
	max_stall_ns BIGINT,
	cpu_time_ns BIGINT,
	cause VARCHAR,
	culprit VARCHAR,
	culprit_where VARCHAR,
	culprit_ns BIGINT
);

CREATE TABLE IF NOT EXISTS latwrap.stalls (
	run_id VARCHAR,
	watched VARCHAR, -- NULL: of the command; else what was watched beside it (--also)
	kind VARCHAR,
	start_ns BIGINT,
	duration_ns BIGINT,
	cause VARCHAR,
	pid BIGINT,
	tid BIGINT,
	comm VARCHAR,
	command VARCHAR,
	cpu BIGINT,
	span_id BIGINT,
	span VARCHAR,
	reason VARCHAR,
	operation VARCHAR,
	path VARCHAR,
	bytes BIGINT,
	errno VARCHAR,
	kernel_function VARCHAR,
	culprit VARCHAR, -- who held the CPU longest
	culprit_where VARCHAR,
	culprit_cgroup VARCHAR,
	culprit_ns BIGINT
);
