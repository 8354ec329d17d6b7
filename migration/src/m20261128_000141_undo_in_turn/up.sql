-- Undoing an upload restores a prediction's former values under a new version. These columns record
-- that version `restored_as` has the values of version `restored_version`, so that the upload which
-- wrote that one recognises its values and can be undone in turn. Any other change creates a
-- further version, for which they do not hold.
ALTER TABLE annual_predictions
  ADD COLUMN restored_version BIGINT,
  ADD COLUMN restored_as      BIGINT;
ALTER TABLE quarterly_predictions
  ADD COLUMN restored_version BIGINT,
  ADD COLUMN restored_as      BIGINT;
