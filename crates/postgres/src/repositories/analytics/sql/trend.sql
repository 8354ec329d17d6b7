-- One row for each group and period. The median is in the bucket in which the running count passes
-- half of the total; `tenths` counts the predictions in each tenth of that bucket, and `below`
-- those below it.
WITH {actor}
SELECT x.*
  FROM a
 CROSS JOIN LATERAL (
   SELECT group_name, group_id, {period},
          sum(n)::bigint AS n,
          sum(high)::bigint AS high,
          (sum(pd) / sum(n))::float8 AS mean,
          min(pd_bucket) FILTER (WHERE holds) AS median,
          min(below) FILTER (WHERE holds)::bigint AS below,
          ARRAY[sum(n0) FILTER (WHERE holds), sum(n1) FILTER (WHERE holds), sum(n2) FILTER (WHERE holds),
                sum(n3) FILTER (WHERE holds), sum(n4) FILTER (WHERE holds), sum(n5) FILTER (WHERE holds),
                sum(n6) FILTER (WHERE holds), sum(n7) FILTER (WHERE holds), sum(n8) FILTER (WHERE holds),
                sum(n9) FILTER (WHERE holds)]::bigint[] AS tenths
     FROM (
       SELECT w.*, w.below < (w.total + 1) / 2 AND w.below + w.n >= (w.total + 1) / 2 AS holds
         FROM (
           SELECT b.*,
                  (sum(b.n) OVER (PARTITION BY group_name, group_id, {period} ORDER BY b.pd_bucket) - b.n)::bigint AS below,
                  sum(b.n) OVER (PARTITION BY group_name, group_id, {period})::bigint AS total
             FROM (
               SELECT group_name, group_id, {period}, s.pd_bucket,
                      sum(s.n)::bigint AS n,
                      sum(s.sum_pd) AS pd,
                      coalesce(sum(s.n) FILTER (WHERE s.risk_level = 'High'), 0)::bigint AS high,
                      sum(s.n0) AS n0, sum(s.n1) AS n1, sum(s.n2) AS n2, sum(s.n3) AS n3, sum(s.n4) AS n4,
                      sum(s.n5) AS n5, sum(s.n6) AS n6, sum(s.n7) AS n7, sum(s.n8) AS n8, sum(s.n9) AS n9
                 FROM ({groups}) s
                GROUP BY group_name, group_id, {period}, s.pd_bucket
               HAVING sum(s.n) <> 0) b) w) c
    GROUP BY group_name, group_id, {period}
   OFFSET 0) x
 ORDER BY group_name, group_id, {period}
