-- The sums of each PD bucket, safest first: at most 64 rows. Each row also contains the number of
-- companies with a high risk and the time of the last prediction.
WITH {actor}
SELECT x.*
  FROM a
 CROSS JOIN LATERAL (
   SELECT b.*, h.high_risk_companies, l.last_prediction
     FROM (SELECT r.pd_bucket,
                  sum(r.n)::bigint AS predictions,
                  sum(r.high)::bigint AS high,
                  sum(r.sum_pd)::float8 AS pd,
                  {tenths}::bigint[] AS tenths
             FROM (SELECT f.pd_bucket, f.n, f.high, f.sum_pd, {tenths:f}
                     FROM headline_rollup f
                    WHERE f.kind = '{kind}' AND {visible:f} AND f.reporting_year = {year_or_all}
                   UNION ALL
                   SELECT d.pd_bucket, d.n, CASE d.risk_level WHEN 'High' THEN d.n ELSE 0 END, d.sum_pd, {tenths:d}
                     FROM {rollup_delta} d
                    WHERE {visible:d} {year:d}) r
            GROUP BY r.pd_bucket
           HAVING sum(r.n) <> 0) b
    CROSS JOIN ({high_risk_companies}) h
    CROSS JOIN (SELECT max(l.created_at) AS last_prediction
                  FROM ({newest_of_organizations}
                        (SELECT n.created_at
                           FROM unnest(a.keys) o (key)
                          CROSS JOIN LATERAL (
                            SELECT p.created_at
                              FROM {predictions} p
                             WHERE p.owner_key = o.key {year:p}
                             ORDER BY p.created_at DESC, p.id DESC
                             LIMIT 1) n)) l) l
   OFFSET 0) x
 ORDER BY x.pd_bucket
