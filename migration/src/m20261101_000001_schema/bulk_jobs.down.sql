DROP TABLE bulk_upload_rows, bulk_upload_jobs;
