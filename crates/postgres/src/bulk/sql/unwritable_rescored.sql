SELECT s.n
  FROM pg_temp.{rescored} s
 CROSS JOIN LATERAL (SELECT p.row_version FROM {predictions} p WHERE p.id = s.id) e
 WHERE e.row_version = s.row_version AND s.n IN (SELECT unnest($1::int[]))
