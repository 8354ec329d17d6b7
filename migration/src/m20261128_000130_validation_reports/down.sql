DROP TRIGGER trg_bulk_jobs_validation_reports ON bulk_upload_jobs;
DROP TABLE validation_files, validation_reports;
DROP FUNCTION validation_reports_before_update(), validation_reports_follow_jobs();
