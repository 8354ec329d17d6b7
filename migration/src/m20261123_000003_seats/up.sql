-- Every user who joins an organization, by any path (a join token, an invitation, a role), takes a
-- seat; every member has one, active or not, so activating a member again needs none. The limit may
-- be below the number of members: no one is removed, and no one can join. Concurrent joins queue at
-- the organization's row. NO KEY UPDATE and in a BEFORE trigger: the check of the foreign key,
-- which comes later, needs a weaker lock than is held by then, so two joins cannot deadlock. READ
-- COMMITTED lets the next one count the first.
CREATE FUNCTION users_seats() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  seats int;
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.organization_id IS NOT DISTINCT FROM NEW.organization_id THEN
    RETURN NEW;
  END IF;
  SELECT max_users INTO seats FROM organizations WHERE id = NEW.organization_id FOR NO KEY UPDATE;
  IF seats IS NULL THEN
    RETURN NEW;
  END IF;
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'taking a seat needs READ COMMITTED' USING ERRCODE = 'feature_not_supported';
  END IF;
  IF (SELECT count(*) FROM users WHERE organization_id = NEW.organization_id) >= seats THEN
    RAISE EXCEPTION 'the organization has no seat left'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'organizations_max_users', TABLE = 'organizations';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER trg_users_seats BEFORE INSERT OR UPDATE OF organization_id ON users
  FOR EACH ROW WHEN (NEW.organization_id IS NOT NULL) EXECUTE FUNCTION users_seats();

-- a page of organizations, newest first
CREATE INDEX idx_organizations_created_at ON organizations (created_at DESC, id DESC);

-- The owners of predictions that are deleted with an organization's companies: the organization,
-- and users with personal predictions on them, which the user who deletes cannot see. Their cached
-- figures are then out of date.
CREATE FUNCTION organization_dependants(organization uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT organization
  UNION SELECT p.owner_key FROM companies c JOIN annual_predictions p ON p.company_id = c.id
         WHERE c.organization_id = organization AND p.access_level = 'personal'
  UNION SELECT p.owner_key FROM companies c JOIN quarterly_predictions p ON p.company_id = c.id
         WHERE c.organization_id = organization AND p.access_level = 'personal';
$$;
GRANT EXECUTE ON FUNCTION organization_dependants(uuid) TO accunode_server;
