ALTER TABLE quarterly_predictions DROP COLUMN restored_as, DROP COLUMN restored_version;
ALTER TABLE annual_predictions DROP COLUMN restored_as, DROP COLUMN restored_version;
