-- In the order of the unique key: chunks wait for each other and do not deadlock. Rows are chosen
-- by a join: `= ANY` would compare each of them with every number once the kept plan is used.
INSERT INTO {predictions}
       ({columns}, predicted_at, bulk_job_id, organization_id, access_level, created_by)
SELECT {columns}, $1::timestamptz, $2::uuid, $3::uuid, $4::text, $5::uuid
  FROM pg_temp.{staging}
 WHERE bulk_row IN (SELECT unnest($6::int[]))
 ORDER BY company_id, {period}
    ON CONFLICT ON CONSTRAINT {unique} DO NOTHING
RETURNING bulk_row
