-- What the rollups say of each bucket of probabilities, safest first: at most 64 rows.
WITH {actor}
SELECT x.*
  FROM a
 CROSS JOIN LATERAL (
   SELECT r.pd_bucket,
          sum(r.n)::bigint AS predictions,
          coalesce(sum(r.n) FILTER (WHERE r.risk_level = 'High'), 0)::bigint AS high,
          sum(r.{rollup_sum})::float8 AS probability
     FROM {rollup} r
    WHERE {visible:r} {year:r}
    GROUP BY r.pd_bucket
   OFFSET 0) x
 WHERE x.predictions <> 0
 ORDER BY x.pd_bucket
