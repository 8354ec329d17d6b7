-- The deviation of the two models behind the quarterly ensemble from it, newest quarter first.
WITH {actor}
SELECT x.reporting_year, x.reporting_quarter, x.n,
       (x.logistic / x.n)::float8 AS logistic_deviation,
       (x.gbm / x.n)::float8 AS gbm_deviation,
       (x.sure / x.n)::float8 AS confidence
  FROM a
 CROSS JOIN LATERAL (
   SELECT r.reporting_year, r.reporting_quarter,
          sum(r.n)::bigint AS n,
          sum(r.sum_logistic_dev) AS logistic,
          sum(r.sum_gbm_dev) AS gbm,
          sum(r.sum_confidence) AS sure
     FROM quarterly_prediction_rollup_live r
    WHERE {visible:r} {year:r}
    GROUP BY 1, 2
   HAVING sum(r.n) <> 0
   OFFSET 0) x
 ORDER BY x.reporting_year DESC, x.reporting_quarter DESC
