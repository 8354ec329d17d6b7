-- A prediction stays readable even if its company no longer is.
SELECT g.*,
       CASE t WHEN 0 THEN n ELSE 0 END AS n0, CASE t WHEN 1 THEN n ELSE 0 END AS n1,
       CASE t WHEN 2 THEN n ELSE 0 END AS n2, CASE t WHEN 3 THEN n ELSE 0 END AS n3,
       CASE t WHEN 4 THEN n ELSE 0 END AS n4, CASE t WHEN 5 THEN n ELSE 0 END AS n5,
       CASE t WHEN 6 THEN n ELSE 0 END AS n6, CASE t WHEN 7 THEN n ELSE 0 END AS n7,
       CASE t WHEN 8 THEN n ELSE 0 END AS n8, CASE t WHEN 9 THEN n ELSE 0 END AS n9
  FROM (SELECT coalesce(c.{group_column}, 'Unknown') AS group_name, NULL::uuid AS group_id, {period:p}, p.risk_level,
               pd_bucket(p.pd) AS pd_bucket, pd_tenth(p.pd) AS t, count(*) AS n,
               sum(round(p.pd * 1e12)::bigint) * 1e-12 AS sum_pd
          FROM {predictions} p
          LEFT JOIN companies c ON c.id = p.company_id
         WHERE {visible:p} {year:p}
         GROUP BY coalesce(c.{group_column}, 'Unknown'), {period:p}, p.risk_level, pd_bucket(p.pd), pd_tenth(p.pd)) g
