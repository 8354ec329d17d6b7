SELECT count(*)
  FROM (SELECT FROM {predictions} WHERE bulk_job_id = $1 ORDER BY company_id, {period} FOR UPDATE) locked
