-- A prediction stays readable when its company no longer is.
SELECT coalesce(c.{group_column}, 'Unknown') AS group_name, NULL::uuid AS group_id, {period:p}, p.risk_level,
       pd_bucket(p.pd) AS pd_bucket, 1::bigint AS n, p.{probability} AS probability
  FROM {predictions} p
  LEFT JOIN companies c ON c.id = p.company_id
 WHERE {visible:p}
