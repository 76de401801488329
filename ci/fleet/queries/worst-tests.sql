-- The tests that failed most because of the machine or the run's own load: give them more room, or a better machine
SELECT
	coalesce(runs.repository, '?') AS repository,
	coalesce(tests.file, tests.suite, '?') AS place,
	tests.name AS test,
	count(*) AS times,
	count(*) FILTER (WHERE tests.outcome IN ('failed', 'error')) AS failures,
	count(*) FILTER (WHERE tests.answer = 'machine') AS machine,
	count(*) FILTER (WHERE tests.answer = 'crowded') AS crowded,
	count(*) FILTER (WHERE tests.answer = 'code') AS code,
	sum(coalesce(tests.lost_ns, 0)) / 1e6 AS lost_ms,
	sum(tests.stalled_ns) / 1e6 AS stalled_ms,
	max(tests.max_stall_ns) / 1e6 AS longest_ms
FROM latwrap.tests AS tests
JOIN latwrap.runs AS runs ON runs.run_id = tests.run_id
GROUP BY 1, 2, 3
ORDER BY machine DESC, crowded DESC, lost_ms DESC, stalled_ms DESC, repository, place, test
LIMIT 20;
