-- A number that increases whenever the rows that a user may read could have changed: a user changed
-- (except by a sign-in) or was removed, or an organization was created, changed or removed.
-- Sessions carry the number from which they were computed. It is a row and not a sequence, so the
-- number becomes visible together with the change, never before it.

CREATE TABLE tenancy_state (
  id      BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (id),
  version BIGINT  NOT NULL
) WITH (fillfactor = 50);
INSERT INTO tenancy_state (version) VALUES (1);

CREATE FUNCTION tenancy_version() RETURNS bigint LANGUAGE sql STABLE
  RETURN (SELECT version FROM tenancy_state);

-- Once per transaction, at its end: this row is always the last lock taken, so that two
-- transactions that change users cannot deadlock on it.
CREATE FUNCTION tenancy_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  me text := pg_current_xact_id()::text;
  now_at bigint;
BEGIN
  IF current_setting('accunode.tenancy_moved_by', true) IS DISTINCT FROM me THEN
    UPDATE tenancy_state SET version = version + 1 RETURNING version INTO now_at;
    PERFORM set_config('accunode.tenancy_moved_by', me, true), pg_notify('accunode_tenancy', now_at::text);
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER trg_users_tenancy_upd AFTER UPDATE ON users DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.row_version <> NEW.row_version) EXECUTE FUNCTION tenancy_changed();
CREATE CONSTRAINT TRIGGER trg_users_tenancy_del AFTER DELETE ON users DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION tenancy_changed();
CREATE CONSTRAINT TRIGGER trg_organizations_tenancy AFTER INSERT OR UPDATE OR DELETE ON organizations DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION tenancy_changed();
