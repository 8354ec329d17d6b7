-- The key that look-alike names share (UTS 39), as the program computes it. NULL for names that
-- were stored before; they get theirs when the organization is next changed.
ALTER TABLE organizations ADD COLUMN name_key TEXT;
CREATE UNIQUE INDEX idx_organizations_name_key ON organizations ((coalesce(parent_id, id)), name_key);
