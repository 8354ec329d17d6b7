-- The version of a prediction that an upload wrote over it: while it is that one, nothing has
-- changed it since, and undoing the upload may write back what was there before.
ALTER TABLE bulk_upload_rows ADD COLUMN written_version BIGINT
  CONSTRAINT bulk_upload_rows_written CHECK (written_version IS NULL OR status = 'updated');
