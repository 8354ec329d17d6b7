DROP TRIGGER companies_level_fixed ON companies;
DROP FUNCTION companies_level_fixed();

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
  IF NEW.access_level <> OLD.access_level AND (
       EXISTS (SELECT FROM annual_predictions WHERE company_id = OLD.id AND (access_level <> 'personal' OR OLD.access_level = 'personal'))
    OR EXISTS (SELECT FROM quarterly_predictions WHERE company_id = OLD.id AND (access_level <> 'personal' OR OLD.access_level = 'personal'))) THEN
    RAISE EXCEPTION 'the level of a company with predictions cannot change'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'companies_level_fixed', TABLE = 'companies';
  END IF;
  IF OLD.organization_id <> NEW.organization_id AND (
       EXISTS (SELECT FROM annual_predictions WHERE company_id = OLD.id)
    OR EXISTS (SELECT FROM quarterly_predictions WHERE company_id = OLD.id)) THEN
    RAISE EXCEPTION 'the organization of a company with predictions cannot change'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'companies_organization_fixed', TABLE = 'companies';
  END IF;
  RETURN NEW;
END $$;
