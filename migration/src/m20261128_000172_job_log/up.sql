-- `processing_logs` is the log of a job: a line for each time that it was taken, given back,
-- failed, was to be cancelled, was continued or ended, oldest first. A job keeps its last 100
-- lines, so that a line costs the same however long the log is; chunks write none, since the counts
-- show their progress.
UPDATE bulk_upload_jobs SET processing_logs = '[]' WHERE processing_logs <> '[]';
COMMENT ON COLUMN bulk_upload_jobs.processing_logs IS 'the last 100 lines of its log: {at, event, attempt, row, code, detail}';

-- A log with one more line: the position in the file and, for an attempt, its number.
CREATE FUNCTION bulk_job_log(logs jsonb, event text, attempt int, checkpoint jsonb, code text, detail text) RETURNS jsonb
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_path_query_array(logs || jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
      'at', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'event', event, 'attempt', attempt, 'row', (checkpoint->>'row')::int, 'code', code, 'detail', detail))),
    '$[last - 99 to last]')
$$;
GRANT EXECUTE ON FUNCTION bulk_job_log(jsonb, text, int, jsonb, text, text) TO accunode_server;

-- As before, but other lines may be between those of failed attempts.
CREATE OR REPLACE FUNCTION bulk_job_gave_up(attempts int, checkpoint jsonb, logs jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('gave up after %s attempts that came no further than row %s; the last one ended: %s',
    attempts, coalesce(checkpoint->>'row', '0'),
    CASE WHEN logs->-1->>'event' = 'attempt_failed' AND (logs->-1->>'attempt')::int = attempts THEN logs->-1->>'detail'
         ELSE 'the process that worked on it was killed or crashed' END)
$$;

-- As before, and writing the log.
CREATE OR REPLACE FUNCTION bulk_jobs_before_update() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  same bulk_upload_jobs := OLD;
  event text;
BEGIN
  IF NEW.created_by <> OLD.created_by OR NEW.access_level <> OLD.access_level OR NEW.organization_id <> OLD.organization_id THEN
    RAISE EXCEPTION 'creator and owner of an upload are fixed'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'bulk_jobs_owner_fixed', TABLE = 'bulk_upload_jobs';
  END IF;
  IF NEW.status IN ('failed', 'cancelled') THEN
    NEW.dedup_key := NULL;
  END IF;
  event := CASE
    WHEN NEW.status IN ('completed', 'failed', 'cancelled') AND NEW.status <> OLD.status THEN NEW.status
    WHEN NEW.status = 'pending' AND OLD.status <> 'pending' THEN 'continued'
    WHEN NEW.status = 'processing' AND NEW.attempts > OLD.attempts THEN 'taken'
    WHEN NEW.status = 'processing' AND NEW.attempts < OLD.attempts AND NEW.lease_token <> OLD.lease_token THEN 'released'
    WHEN NEW.cancel_requested_at IS NOT NULL AND OLD.cancel_requested_at IS NULL THEN 'cancel_requested' END;
  IF event IS NOT NULL THEN
    NEW.processing_logs := bulk_job_log(NEW.processing_logs, event,
      CASE event WHEN 'taken' THEN NEW.attempts END, NEW.checkpoint,
      CASE event WHEN 'failed' THEN NEW.error->>'code' END,
      CASE event WHEN 'failed' THEN NEW.error->>'detail' END);
  END IF;
  NEW.updated_at := clock_timestamp();
  same.status := NEW.status;
  same.total_rows := NEW.total_rows;
  same.processed_rows := NEW.processed_rows;
  same.success_count := NEW.success_count;
  same.updated_count := NEW.updated_count;
  same.skipped_count := NEW.skipped_count;
  same.error_count := NEW.error_count;
  same.rows_kept := NEW.rows_kept;
  same.file_columns := NEW.file_columns;
  same.warnings := NEW.warnings;
  same.checkpoint := NEW.checkpoint;
  same.processing_logs := NEW.processing_logs;
  same.started_at := NEW.started_at;
  same.lease_token := NEW.lease_token;
  same.lease_expires_at := NEW.lease_expires_at;
  same.attempts := NEW.attempts;
  same.updated_at := NEW.updated_at;
  same.owner_key := NEW.owner_key;
  NEW.row_version := OLD.row_version + CASE WHEN NEW.status <> OLD.status OR NEW IS DISTINCT FROM same THEN 1 ELSE 0 END;
  RETURN NEW;
END $$;
