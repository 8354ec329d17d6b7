-- Says for which job the transaction works from now on: revisions keep that.
SELECT warnings, rows_kept, coalesce((checkpoint->>'row')::int, 0), set_config('accunode.job_id', id::text, true)
  FROM bulk_upload_jobs
 WHERE id = $1 AND lease_token = $2 AND status = 'processing'
   FOR UPDATE
