-- The number of predictions of each group with each risk level.
WITH {actor}
SELECT x.*
  FROM a
 CROSS JOIN LATERAL (
   SELECT s.group_name, s.group_id, s.risk_level, sum(s.n)::bigint AS n
     FROM ({groups}) s
    GROUP BY 1, 2, 3
   OFFSET 0) x
 WHERE x.n <> 0
