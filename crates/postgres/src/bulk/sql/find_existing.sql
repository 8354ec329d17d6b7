SELECT s.bulk_row AS met_by, e.id, e.bulk_job_id, e.bulk_row, e.raw_ratios
  FROM (SELECT bulk_row, company_id, {period}
          FROM pg_temp.{staging}
         WHERE bulk_row IN (SELECT unnest($1::int[]))
         ORDER BY company_id, {period}) s
 CROSS JOIN LATERAL (
   SELECT p.id, p.bulk_job_id, p.bulk_row, p.raw_ratios
     FROM {predictions} p
    WHERE p.company_id = s.company_id AND {same_period} AND p.owner_key = $2
    LIMIT 1) e
