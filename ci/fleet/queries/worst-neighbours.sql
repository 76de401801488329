-- Who else held the CPUs for which a run had to wait: of each stall listed, who held it longest
SELECT
	culprit,
	culprit_where AS place,
	count(*) AS stalls,
	count(DISTINCT run_id) AS runs,
	sum(culprit_ns) / 1e6 AS held_ms,
	max(culprit_ns) / 1e6 AS longest_ms
FROM latwrap.stalls
WHERE watched IS NULL AND culprit_where IN ('outside', 'kernel')
GROUP BY culprit, culprit_where
ORDER BY held_ms DESC, culprit, place
LIMIT 20;
