-- The tests that the machine spoiled most: give them more room, or a better machine
SELECT
	coalesce(runs.repository, '?') AS repository,
	coalesce(tests.file, tests.suite, '?') AS place,
	tests.name AS test,
	count(*) AS times,
	count(*) FILTER (WHERE tests.outcome IN ('failed', 'error')) AS failures,
	count(*) FILTER (WHERE tests.answer = 'stalled while failing') AS machine,
	count(*) FILTER (WHERE tests.answer = 'not stalled') AS code,
	count(*) FILTER (WHERE tests.stalled_ns > 0) AS stalled_times,
	sum(tests.stalled_ns) / 1e6 AS stalled_ms,
	max(tests.max_stall_ns) / 1e6 AS longest_ms
FROM latwrap.tests AS tests
JOIN latwrap.runs AS runs ON runs.run_id = tests.run_id
GROUP BY 1, 2, 3
ORDER BY machine DESC, stalled_ms DESC, repository, place, test
LIMIT 20;
