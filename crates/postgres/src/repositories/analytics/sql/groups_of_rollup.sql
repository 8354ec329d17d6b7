SELECT {group_name} AS group_name, {group_id} AS group_id, {period:r}, r.risk_level, r.pd_bucket, r.n,
       r.sum_pd, r.n0, r.n1, r.n2, r.n3, r.n4, r.n5, r.n6, r.n7, r.n8, r.n9
  FROM {rollup} r {group_join}
 WHERE {visible:r} {year:r}
