SELECT s.n, e.row_version = s.row_version AS same
  FROM (SELECT n, id, row_version FROM pg_temp.{rescored} ORDER BY company_id, {period}) s
 CROSS JOIN LATERAL (
   SELECT p.row_version FROM {predictions} p WHERE p.id = s.id FOR UPDATE) e
