-- Uploads of outcomes: a separate job type, and for each outcome the row that recorded it.
ALTER TABLE bulk_upload_jobs DROP CONSTRAINT bulk_upload_jobs_job_type_check;
ALTER TABLE bulk_upload_jobs ADD CONSTRAINT bulk_upload_jobs_job_type_check
  CHECK (job_type IN ('annual', 'quarterly', 'outcomes')) NOT VALID;
ALTER TABLE bulk_upload_jobs VALIDATE CONSTRAINT bulk_upload_jobs_job_type_check;

-- No foreign key: an outcome is never changed, even if its upload is removed.
ALTER TABLE outcomes ADD COLUMN bulk_job_id UUID, ADD COLUMN bulk_row INTEGER CHECK (bulk_row > 0);
ALTER TABLE outcomes ADD CONSTRAINT outcomes_bulk CHECK ((bulk_job_id IS NULL) = (bulk_row IS NULL)) NOT VALID;
ALTER TABLE outcomes VALIDATE CONSTRAINT outcomes_bulk;
CREATE INDEX idx_outcomes_bulk_job ON outcomes (bulk_job_id, bulk_row) WHERE bulk_job_id IS NOT NULL;

-- Break-glass on an upload shows the rows that it created.
ALTER POLICY outcomes_read ON outcomes USING (
  owner_key = ANY ((SELECT actor_owner_keys())::uuid[])
  OR (access_level <> 'personal' AND (SELECT actor_is_super()))
  OR id = (SELECT actor_break_glass())
  OR bulk_job_id = (SELECT actor_break_glass()));
