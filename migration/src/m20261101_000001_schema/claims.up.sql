-- How workers claim jobs. Called with accunode.worker = on.

-- Claims the next job and leases it under `token`: round robin over owners, at most `per_owner`
-- running jobs for each; an expired lease is taken over, up to `max_attempts` times. A job that was
-- asked to stop while its worker died is cancelled here.
CREATE FUNCTION claim_bulk_job(token uuid, lease interval, per_owner int, max_attempts int)
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

-- Wakes workers and event streams. It only wakes them: the state is in the row.
CREATE FUNCTION bulk_jobs_notify() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_notify('accunode_jobs', NEW.id::text);
  RETURN NULL;
END $$;
CREATE TRIGGER trg_jobs_notify_insert AFTER INSERT ON bulk_upload_jobs
  FOR EACH ROW EXECUTE FUNCTION bulk_jobs_notify();
CREATE TRIGGER trg_jobs_notify_update AFTER UPDATE ON bulk_upload_jobs
  FOR EACH ROW WHEN (OLD.status <> NEW.status OR OLD.processed_rows <> NEW.processed_rows
                     OR OLD.total_rows IS DISTINCT FROM NEW.total_rows
                     OR OLD.cancel_requested_at IS DISTINCT FROM NEW.cancel_requested_at)
  EXECUTE FUNCTION bulk_jobs_notify();
