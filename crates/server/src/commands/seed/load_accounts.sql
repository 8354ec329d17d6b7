-- $1 root organizations, each with one member, who owns the created rows. No password is valid.
WITH made AS (
  INSERT INTO organizations (name)
  SELECT 'Load ' || lpad(n::text, 6, '0') FROM generate_series(1, $1) n
  RETURNING id, name
)
INSERT INTO users (email, password_hash, role, organization_id, is_verified)
SELECT 'keeper-' || right(name, 6) || '@load.example', '!', 'org_member', id, true FROM made
