SELECT {group_name} AS group_name, {group_id} AS group_id, {period:r}, r.risk_level, r.pd_bucket, r.n,
       r.{rollup_sum} AS probability
  FROM {rollup} r {group_join}
 WHERE {visible:r}
