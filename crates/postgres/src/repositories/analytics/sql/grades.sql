-- The number of predictions of each group in each bucket, and the sum of their PDs.
WITH {actor}
SELECT x.*
  FROM a
 CROSS JOIN LATERAL (
   SELECT s.group_name, s.group_id, s.pd_bucket::smallint AS pd_bucket, sum(s.n)::bigint AS n, sum(s.sum_pd)::float8 AS pd
     FROM ({groups}) s
    GROUP BY 1, 2, 3
   HAVING sum(s.n) <> 0
   OFFSET 0) x
