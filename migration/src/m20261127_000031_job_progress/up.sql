-- A job is completed only if every row of its file has an outcome. The counts are written with the
-- rows, chunk by chunk, and `total_rows` at the end.
ALTER TABLE bulk_upload_jobs ADD CONSTRAINT bulk_jobs_completed
  CHECK (status <> 'completed' OR (total_rows IS NOT NULL AND total_rows = success_count + updated_count + skipped_count + error_count));

-- `attempts` counts how often the job was taken since its last checkpoint: each stored chunk sets
-- it to 0, so that only a job without progress fails. `processing_logs` contains the reasons why
-- those attempts ended, if a worker could still record them.
COMMENT ON COLUMN bulk_upload_jobs.attempts IS 'how often a worker took it since the last checkpoint';
COMMENT ON COLUMN bulk_upload_jobs.processing_logs IS 'what ended the attempts since the last checkpoint: {attempt, code, detail}';

-- The reason for giving up a job, for the users who sent it.
CREATE FUNCTION bulk_job_gave_up(attempts int, checkpoint jsonb, logs jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('gave up after %s attempts that came no further than row %s; the last one ended: %s',
    attempts, coalesce(checkpoint->>'row', '0'),
    CASE WHEN (logs->-1->>'attempt')::int = attempts THEN logs->-1->>'detail'
         ELSE 'the process that worked on it was killed or crashed' END)
$$;
GRANT EXECUTE ON FUNCTION bulk_job_gave_up(int, jsonb, jsonb) TO accunode_server;

-- As before, except for the cause that is recorded when a job is given up.
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
             'pointer', '/file', 'code', 'too_many_attempts',
             'detail', bulk_job_gave_up(attempts, checkpoint, processing_logs)) END,
         error_message = CASE WHEN cancel_requested_at IS NULL THEN bulk_job_gave_up(attempts, checkpoint, processing_logs) END,
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

