-- The last values of the bins of a period: deciles of what is between the bounds of a figure.
-- A cut at the largest value would have no bin above it.
WITH {actor}
SELECT x.*
  FROM a
 CROSS JOIN LATERAL (
   SELECT f.figure,
          percentile_disc(ARRAY[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
            WITHIN GROUP (ORDER BY f.value) AS cuts,
          max(f.value) AS highest
     FROM {predictions} p
    CROSS JOIN LATERAL (VALUES {figures}) f(figure, value, low, high)
    WHERE {visible:p} AND p.model_name = $5 AND p.model_version = $6 AND p.model_sha256 = $7
      {of_period:p} AND NOT 'sector_out_of_scope' = ANY (p.flags)
      AND f.value > f.low AND f.value < f.high
    GROUP BY f.figure
   OFFSET 0) x
