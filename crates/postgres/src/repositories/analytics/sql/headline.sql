-- What the rollups do not know: one look at each owner's index for each figure.
WITH {actor}
SELECT x.*
  FROM a
 CROSS JOIN LATERAL (
   SELECT (SELECT count(DISTINCT p.company_id)
             FROM {predictions} p
            WHERE p.risk_level = 'High' AND {visible:p} {year:p}) AS high_risk_companies,
          (SELECT max(l.created_at)
             FROM ({newest_of_organizations}
                   (SELECT n.created_at
                      FROM unnest(a.keys) o (key)
                     CROSS JOIN LATERAL (
                       SELECT p.created_at
                         FROM {predictions} p
                        WHERE p.owner_key = o.key {year:p}
                        ORDER BY p.created_at DESC, p.id DESC
                        LIMIT 1) n)) l) AS last_prediction
   OFFSET 0) x
