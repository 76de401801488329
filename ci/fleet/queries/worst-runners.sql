-- Runner types, the one that costs most of the runs' time first: whether to change the machine, and to which
SELECT
	runner_type,
	count(*) AS runs,
	count(*) FILTER (WHERE verdict != 'unmeasured') AS measured,
	count(*) FILTER (WHERE verdict = 'stalled') AS stalled,
	sum(lost_ns) / nullif(sum(CASE WHEN lost_ns IS NOT NULL THEN duration_ns END), 0) AS lost_s_per_s,
	sum(coalesce(cpu_stalled_ns, 0) + coalesce(io_stalled_ns, 0) + coalesce(hiccup_stalled_ns, 0))
		/ nullif(sum(CASE WHEN verdict != 'unmeasured' THEN duration_ns END), 0) AS stalled_s_per_s,
	sum(steal_ns) / nullif(sum(CASE WHEN steal_ns IS NOT NULL THEN duration_ns END), 0) AS steal_s_per_s,
	max(greatest(coalesce(cpu_max_ns, 0), coalesce(io_max_ns, 0), coalesce(hiccup_max_ns, 0))) / 1e6 AS longest_ms,
	sum(coalesce(tests_failed, 0)) AS test_failures,
	sum(coalesce(tests_machine, 0)) AS machine
FROM latwrap.runs
GROUP BY runner_type
ORDER BY lost_s_per_s DESC NULLS LAST, runner_type;
