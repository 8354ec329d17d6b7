ALTER TABLE bulk_upload_jobs DROP CONSTRAINT bulk_jobs_completed;
COMMENT ON COLUMN bulk_upload_jobs.attempts IS NULL;
COMMENT ON COLUMN bulk_upload_jobs.processing_logs IS NULL;

CREATE OR REPLACE FUNCTION claim_bulk_job(token uuid, lease interval, per_owner int, max_attempts int)
RETURNS SETOF bulk_upload_jobs LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  picked uuid;
BEGIN
  -- claimers queue, so that the cap is counted on what the others have committed
  PERFORM pg_advisory_xact_lock(hashtext('accunode.claim_bulk_job'));

  UPDATE bulk_upload_jobs
     SET status = CASE WHEN cancel_requested_at IS NULL THEN 'failed' ELSE 'cancelled' END,
         error = CASE WHEN cancel_requested_at IS NULL THEN jsonb_build_object(
             'pointer', '/file', 'code', 'too_many_attempts', 'detail', format('gave up after %s attempts', attempts)) END,
         error_message = CASE WHEN cancel_requested_at IS NULL THEN format('gave up after %s attempts', attempts) END,
         completed_at = clock_timestamp(), lease_token = NULL, lease_expires_at = NULL
   WHERE status = 'processing' AND lease_expires_at < clock_timestamp()
     AND (attempts >= max_attempts OR cancel_requested_at IS NOT NULL);

  -- owners with open jobs by a loose index scan; fewest running first, then longest not served
  WITH RECURSIVE owners AS (
      (SELECT owner_key FROM bulk_upload_jobs WHERE status IN ('pending', 'processing') ORDER BY owner_key LIMIT 1)
      UNION ALL
      SELECT (SELECT j.owner_key FROM bulk_upload_jobs j
               WHERE j.status IN ('pending', 'processing') AND j.owner_key > o.owner_key ORDER BY j.owner_key LIMIT 1)
        FROM owners o WHERE o.owner_key IS NOT NULL),
    busy AS (
      SELECT owner_key, count(*) AS running FROM bulk_upload_jobs
       WHERE status = 'processing' AND lease_expires_at >= clock_timestamp() GROUP BY 1)
  SELECT oldest.id INTO picked
    FROM owners o
   CROSS JOIN LATERAL (
      SELECT j.id, j.created_at FROM bulk_upload_jobs j
       WHERE j.owner_key = o.owner_key AND j.status IN ('pending', 'processing')
         AND (j.status = 'pending' OR j.lease_expires_at < clock_timestamp())
       ORDER BY j.created_at, j.id LIMIT 1) oldest
    LEFT JOIN busy b USING (owner_key)
   CROSS JOIN LATERAL (SELECT max(j.started_at) AS at FROM bulk_upload_jobs j WHERE j.owner_key = o.owner_key) served
   WHERE coalesce(b.running, 0) < per_owner
   ORDER BY coalesce(b.running, 0), served.at NULLS FIRST, oldest.created_at, oldest.id
   LIMIT 1;
  IF picked IS NULL THEN
    RETURN;
  END IF;

  RETURN QUERY
  UPDATE bulk_upload_jobs
     SET status = 'processing', started_at = coalesce(started_at, clock_timestamp()),
         lease_token = token, lease_expires_at = clock_timestamp() + lease, attempts = attempts + 1
   WHERE id = picked AND (status = 'pending' OR (status = 'processing' AND lease_expires_at < clock_timestamp()))
  RETURNING *;
END $$;

DROP FUNCTION bulk_job_gave_up(int, jsonb, jsonb);
