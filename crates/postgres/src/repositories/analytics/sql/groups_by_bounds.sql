-- A prediction stays readable even if its company no longer is.
SELECT {group_name} AS group_name, {group_id} AS group_id, width_bucket(r.pd, {bounds}) AS pd_bucket,
       count(*) AS n, sum(round(r.pd * 1e12)::bigint) * 1e-12 AS sum_pd
  FROM {predictions} r {group_join}
 WHERE {visible:r} {year:r}
 GROUP BY 1, 2, 3
