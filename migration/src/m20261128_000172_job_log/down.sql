UPDATE bulk_upload_jobs SET processing_logs = '[]' WHERE processing_logs <> '[]';
COMMENT ON COLUMN bulk_upload_jobs.processing_logs IS 'what ended the attempts since the last checkpoint: {attempt, code, detail}';

CREATE OR REPLACE FUNCTION bulk_job_gave_up(attempts int, checkpoint jsonb, logs jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('gave up after %s attempts that came no further than row %s; the last one ended: %s',
    attempts, coalesce(checkpoint->>'row', '0'),
    CASE WHEN (logs->-1->>'attempt')::int = attempts THEN logs->-1->>'detail'
         ELSE 'the process that worked on it was killed or crashed' END)
$$;

CREATE OR REPLACE FUNCTION bulk_jobs_before_update() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  same bulk_upload_jobs := OLD;
BEGIN
  IF NEW.created_by <> OLD.created_by OR NEW.access_level <> OLD.access_level OR NEW.organization_id <> OLD.organization_id THEN
    RAISE EXCEPTION 'creator and owner of an upload are fixed'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'bulk_jobs_owner_fixed', TABLE = 'bulk_upload_jobs';
  END IF;
  IF NEW.status IN ('failed', 'cancelled') THEN
    NEW.dedup_key := NULL;
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

DROP FUNCTION bulk_job_log(jsonb, text, int, jsonb, text, text);
