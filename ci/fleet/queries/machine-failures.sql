-- The share of failures that were the machine's, by week and repository
--
-- Of tests: failed ones by their answer. Of runs that failed without a failed test that latwrap was told of: how many,
-- and how many of these have the answer that it was the machine.
SELECT
	CAST(date_trunc('week', started_at) AS DATE) AS week,
	coalesce(repository, '?') AS repository,
	sum(coalesce(tests_failed, 0)) AS test_failures,
	sum(coalesce(tests_machine, 0)) AS machine,
	sum(coalesce(tests_crowded, 0)) AS crowded,
	sum(coalesce(tests_waited, 0)) AS waited,
	sum(coalesce(tests_code, 0)) AS code,
	sum(coalesce(tests_interrupted, 0) + coalesce(tests_unmeasured, 0)) AS nobody_knows,
	sum(coalesce(tests_machine, 0)) / nullif(sum(coalesce(tests_machine, 0) + coalesce(tests_crowded, 0)
		+ coalesce(tests_waited, 0) + coalesce(tests_code, 0)), 0) AS machine_share,
	count(*) FILTER (WHERE answer IS NOT NULL) AS runs_failed,
	count(*) FILTER (WHERE answer = 'machine') AS runs_machine
FROM latwrap.runs
GROUP BY 1, 2
ORDER BY week, repository;
