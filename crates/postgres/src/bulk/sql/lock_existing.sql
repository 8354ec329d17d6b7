-- Locks are taken in one order by everybody.
SELECT s.bulk_row AS met_by, e.old
  FROM (SELECT bulk_row, company_id, {period}
          FROM pg_temp.{staging}
         WHERE bulk_row IN (SELECT unnest($1::int[]))
         ORDER BY company_id, {period}) s
 CROSS JOIN LATERAL (
   SELECT to_jsonb(p) - 'owner_key' AS old
     FROM {predictions} p
    WHERE p.company_id = s.company_id AND {same_period} AND p.owner_key = $2
      FOR UPDATE) e
