-- Waiting enrolments are listed for one organization, oldest first, and the administrators of one
-- user are looked up, both by an index that contains no other rows.
ALTER TABLE user_totp ADD COLUMN waits_in UUID; -- the organization of its user, while it waits
UPDATE user_totp t SET waits_in = u.organization_id FROM users u WHERE u.id = t.user_id AND t.waits_since IS NOT NULL;
DROP INDEX idx_user_totp_waiting;
CREATE INDEX idx_user_totp_waiting ON user_totp (waits_in, waits_since, user_id) WHERE waits_since IS NOT NULL;

CREATE FUNCTION user_totp_waits_in() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  NEW.waits_in := NULL;
  IF NEW.waits_since IS NOT NULL THEN
    -- locked, so that a change of the organization at this moment finds what waits
    SELECT organization_id INTO NEW.waits_in FROM users WHERE id = NEW.user_id FOR SHARE;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER user_totp_waits_in BEFORE INSERT OR UPDATE OF waits_since ON user_totp
  FOR EACH ROW EXECUTE FUNCTION user_totp_waits_in();

CREATE FUNCTION users_moved_waiting() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE user_totp SET waits_in = NEW.organization_id WHERE user_id = NEW.id AND waits_since IS NOT NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER users_moved_waiting AFTER UPDATE OF organization_id ON users
  FOR EACH ROW WHEN (OLD.organization_id IS DISTINCT FROM NEW.organization_id) EXECUTE FUNCTION users_moved_waiting();

CREATE INDEX idx_users_administrators ON users (organization_id, created_at)
  WHERE is_active AND role IN ('org_admin', 'tenant_admin');
