-- The failed and skipped rows that are kept with a job, in bulk_upload_rows.
ALTER TABLE bulk_upload_jobs ADD COLUMN rows_kept INTEGER NOT NULL DEFAULT 0
  CONSTRAINT bulk_jobs_rows_kept CHECK (rows_kept BETWEEN 0 AND skipped_count + error_count);

-- Progress and leases create no new version of a job; a changed status or a cancellation request
-- does.
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

UPDATE bulk_upload_jobs j SET rows_kept = least(k.n, j.skipped_count + j.error_count)
  FROM (SELECT job_id, count(*)::int AS n FROM bulk_upload_rows WHERE status IN ('error', 'skipped') GROUP BY job_id) k
 WHERE k.job_id = j.id;
