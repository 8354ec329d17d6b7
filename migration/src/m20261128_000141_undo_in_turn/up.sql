-- Undoing an upload writes back what a prediction said before, under a new version. These say
-- that version `restored_as` says what version `restored_version` said, so that the upload which
-- wrote that one knows its own words again and can be undone in its turn. Any other change makes
-- a further version, for which they do not hold.
ALTER TABLE annual_predictions
  ADD COLUMN restored_version BIGINT,
  ADD COLUMN restored_as      BIGINT;
ALTER TABLE quarterly_predictions
  ADD COLUMN restored_version BIGINT,
  ADD COLUMN restored_as      BIGINT;
