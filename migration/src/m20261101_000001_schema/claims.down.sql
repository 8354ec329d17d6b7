DROP TRIGGER trg_jobs_notify_update ON bulk_upload_jobs;
DROP TRIGGER trg_jobs_notify_insert ON bulk_upload_jobs;
DROP FUNCTION bulk_jobs_notify(), claim_bulk_job(uuid, interval, int, int);
