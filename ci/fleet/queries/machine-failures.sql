-- The share of failures that were the machine's, by week and repository
--
-- Of tests: failed ones that had stood still before they failed. Of runs without tests that latwrap
-- was told of, only gates can tell: those that failed, and of them those with a gate breached.
SELECT
	CAST(date_trunc('week', started_at) AS DATE) AS week,
	coalesce(repository, '?') AS repository,
	sum(coalesce(tests_failed, 0)) AS test_failures,
	sum(coalesce(stalled_while_failing, 0)) AS machine,
	sum(coalesce(not_stalled, 0)) AS code,
	sum(coalesce(not_measured, 0)) AS nobody_knows,
	sum(coalesce(stalled_while_failing, 0))
		/ nullif(sum(coalesce(stalled_while_failing, 0) + coalesce(not_stalled, 0)), 0) AS machine_share,
	count(*) FILTER (WHERE failed AND coalesce(tests, 0) = 0) AS runs_failed,
	count(*) FILTER (WHERE failed AND coalesce(tests, 0) = 0 AND gates_breached > 0) AS runs_failed_with_breach
FROM latwrap.runs
GROUP BY 1, 2
ORDER BY week, repository;
