-- The version of a prediction that an upload wrote: while the prediction has it, nothing has
-- changed since, and undoing the upload may restore the former values.
ALTER TABLE bulk_upload_rows ADD COLUMN written_version BIGINT
  CONSTRAINT bulk_upload_rows_written CHECK (written_version IS NULL OR status = 'updated');
