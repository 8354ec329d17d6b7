-- How many predictions of a model are in which bin, by period: one row for each figure and bin.
-- `mask` has a bit for each figure, the first one highest, which is 0 for the one counted.
-- Edges are computed once, in `e`. The code of a bin is its number; below 0 stand a missing
-- value, and the bounds with and without what brought the value there. The inner OFFSET hides
-- the columns from the planner, which would expect as many bins as values, and sort for each figure.
WITH {actor},
e AS MATERIALIZED (SELECT {edges}${pd}::float8[] AS pd)
SELECT x.*
  FROM a CROSS JOIN e
 CROSS JOIN LATERAL (
   SELECT {period}, GROUPING({inputs}score)::int AS mask, coalesce({inputs}score)::int AS bin,
          count(*) FILTER (WHERE NOT out_of_scope)::bigint AS n,
          count(*) FILTER (WHERE out_of_scope)::bigint AS out_of_scope,
          coalesce(sum(pd) FILTER (WHERE NOT out_of_scope), 0)::float8 AS pd
     FROM (SELECT {period:p}, p.pd, 'sector_out_of_scope' = ANY (p.flags) AS out_of_scope, {codes}
                  width_bucket(p.pd, e.pd) AS score
             FROM {predictions} p
            WHERE {visible:p} AND p.model_name = $5 AND p.model_version = $6 AND p.model_sha256 = $7
              {of_period:p}
           OFFSET 0) c
    GROUP BY GROUPING SETS ({sets}({period}, score))
   OFFSET 0) x
