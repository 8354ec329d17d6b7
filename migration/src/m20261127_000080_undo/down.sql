ALTER TABLE bulk_upload_rows DROP COLUMN written_version;
