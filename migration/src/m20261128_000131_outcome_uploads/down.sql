ALTER POLICY outcomes_read ON outcomes USING (
  owner_key = ANY ((SELECT actor_owner_keys())::uuid[])
  OR (access_level <> 'personal' AND (SELECT actor_is_super()))
  OR id = (SELECT actor_break_glass()));
ALTER TABLE outcomes DROP COLUMN bulk_job_id, DROP COLUMN bulk_row;
DELETE FROM bulk_upload_jobs WHERE job_type = 'outcomes';
ALTER TABLE bulk_upload_jobs DROP CONSTRAINT bulk_upload_jobs_job_type_check;
ALTER TABLE bulk_upload_jobs ADD CONSTRAINT bulk_upload_jobs_job_type_check CHECK (job_type IN ('annual', 'quarterly'));
