-- One row for each group and period. A median is the bucket in which the running count
-- passes the half of all.
WITH {actor}
SELECT x.*
  FROM a
 CROSS JOIN LATERAL (
   SELECT group_name, group_id, {period},
          sum(n)::bigint AS n,
          sum(high)::bigint AS high,
          (sum(probability) / sum(n))::float8 AS mean,
          min(pd_bucket) FILTER (WHERE below >= (total + 1) / 2) AS median
     FROM (
       SELECT b.*,
              sum(b.n) OVER (PARTITION BY group_name, group_id, {period} ORDER BY b.pd_bucket)::bigint AS below,
              sum(b.n) OVER (PARTITION BY group_name, group_id, {period})::bigint AS total
         FROM (
           SELECT group_name, group_id, {period}, s.pd_bucket,
                  sum(s.n)::bigint AS n,
                  sum(s.probability) AS probability,
                  coalesce(sum(s.n) FILTER (WHERE s.risk_level = 'High'), 0)::bigint AS high
             FROM ({groups}) s
            GROUP BY group_name, group_id, {period}, s.pd_bucket
           HAVING sum(s.n) <> 0) b) c
    GROUP BY group_name, group_id, {period}
   OFFSET 0) x
 ORDER BY group_name, group_id, {period}
