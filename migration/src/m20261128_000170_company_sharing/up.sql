-- The level of a company with predictions may change only if those of its owner change with it. A
-- company and its predictions are several rows, so this is checked when the statement has ended or,
-- if the transaction requests it (SET CONSTRAINTS companies_level_fixed DEFERRED), before it
-- commits. The row of the company is locked until then, so that no prediction is added in the
-- meantime.

-- As before, without the rule about predictions.
CREATE OR REPLACE FUNCTION companies_before_update() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  NEW.updated_at := clock_timestamp();
  NEW.changed_by_job := actor_job();
  NEW.row_version := OLD.row_version + 1;
  IF NEW.created_by <> OLD.created_by OR access_level_rank(NEW.access_level) < access_level_rank(OLD.access_level) THEN
    RAISE EXCEPTION 'the level of a company is never lowered, its creator never changes'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'companies_level_never_down', TABLE = 'companies';
  END IF;
  IF OLD.organization_id <> NEW.organization_id AND (
       EXISTS (SELECT FROM annual_predictions WHERE company_id = OLD.id)
    OR EXISTS (SELECT FROM quarterly_predictions WHERE company_id = OLD.id)) THEN
    RAISE EXCEPTION 'the organization of a company with predictions cannot change'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'companies_organization_fixed', TABLE = 'companies';
  END IF;
  RETURN NEW;
END $$;

-- Personal predictions of others stay valid at a wider level, and an error would reveal that they
-- exist.
CREATE FUNCTION companies_level_fixed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM annual_predictions p WHERE p.company_id = NEW.id AND p.owner_key <> NEW.owner_key
                AND (p.access_level <> 'personal' OR OLD.access_level = 'personal'))
  OR EXISTS (SELECT FROM quarterly_predictions p WHERE p.company_id = NEW.id AND p.owner_key <> NEW.owner_key
                AND (p.access_level <> 'personal' OR OLD.access_level = 'personal')) THEN
    RAISE EXCEPTION 'the level of a company changes only together with the predictions of its owner'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'companies_level_fixed', TABLE = 'companies';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER companies_level_fixed AFTER UPDATE ON companies DEFERRABLE INITIALLY IMMEDIATE
  FOR EACH ROW WHEN (OLD.access_level IS DISTINCT FROM NEW.access_level)
  EXECUTE FUNCTION companies_level_fixed();
