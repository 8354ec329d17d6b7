-- The row of the job is locked when everything else is done, for the lease is renewed meanwhile.
SELECT set_config('accunode.job_id', id::text, true), pg_advisory_xact_lock(hashtextextended($3, 0))::text
  FROM bulk_upload_jobs
 WHERE id = $1 AND lease_token = $2 AND status = 'processing'
