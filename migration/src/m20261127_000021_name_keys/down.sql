DROP INDEX idx_organizations_name_key;
ALTER TABLE organizations DROP COLUMN name_key;
