-- What stalls were caused by, week by week (from Monday, UTC): what changed, and when
SELECT
	CAST(date_trunc('week', runs.started_at) AS DATE) AS week,
	causes.kind AS kind,
	causes.cause AS cause,
	count(DISTINCT causes.run_id) AS runs,
	sum(causes.stalls) AS stalls,
	sum(causes.stalled_ns) / 1e9 AS stalled_s,
	sum(causes.stalled_ns) / nullif(sum(sum(causes.stalled_ns)) OVER (
		PARTITION BY CAST(date_trunc('week', runs.started_at) AS DATE), causes.kind), 0) AS share_of_kind
FROM latwrap.causes AS causes
JOIN latwrap.runs AS runs ON runs.run_id = causes.run_id
GROUP BY 1, 2, 3
ORDER BY week, kind, stalled_s DESC, cause;
