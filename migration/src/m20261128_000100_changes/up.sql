-- Following changes in the order of updated_at, without missing a row.
--
-- A row gets its time while its transaction is open, and becomes visible when that commits: a
-- reader who has reached a later time would miss it. So every transaction that changes rows first
-- takes a shared advisory lock whose key is the present second, and sets the times of rows only
-- after that. The lock is released with the transaction, however it ends. A reader first reads the
-- locks, and then the rows that are older than the oldest lock: no earlier row can appear after
-- that.
--
-- The keys are 1094927991 and the seconds since 2020; crates/postgres/src/changes.rs reads them.
CREATE FUNCTION note_writer() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(1094927991, floor(extract(epoch FROM clock_timestamp()) - 1577836800)::int);
  RETURN NULL;
END $$;

-- The role that inserts evaluates a default, and so do the triggers of predictions.
GRANT EXECUTE ON FUNCTION actor_job() TO accunode_server;

ALTER TABLE companies ALTER COLUMN updated_at SET DEFAULT clock_timestamp();
ALTER TABLE companies ADD COLUMN changed_by_job UUID;
ALTER TABLE companies ALTER COLUMN changed_by_job SET DEFAULT actor_job();
CREATE TRIGGER trg_companies_writer BEFORE INSERT OR UPDATE ON companies FOR EACH STATEMENT EXECUTE FUNCTION note_writer();
ALTER TABLE annual_predictions ALTER COLUMN updated_at SET DEFAULT clock_timestamp();
ALTER TABLE annual_predictions ADD COLUMN changed_by_job UUID;
ALTER TABLE annual_predictions ALTER COLUMN changed_by_job SET DEFAULT actor_job();
CREATE TRIGGER trg_annual_writer BEFORE INSERT OR UPDATE ON annual_predictions FOR EACH STATEMENT EXECUTE FUNCTION note_writer();
ALTER TABLE quarterly_predictions ALTER COLUMN updated_at SET DEFAULT clock_timestamp();
ALTER TABLE quarterly_predictions ADD COLUMN changed_by_job UUID;
ALTER TABLE quarterly_predictions ALTER COLUMN changed_by_job SET DEFAULT actor_job();
CREATE TRIGGER trg_quarterly_writer BEFORE INSERT OR UPDATE ON quarterly_predictions FOR EACH STATEMENT EXECUTE FUNCTION note_writer();

-- As before, and recording the job of the change.
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

CREATE OR REPLACE FUNCTION predictions_before_update() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  NEW.updated_at := clock_timestamp();
  NEW.changed_by_job := actor_job();
  NEW.row_version := OLD.row_version + 1;
  IF NEW.created_by <> OLD.created_by OR NEW.company_id <> OLD.company_id OR NEW.organization_id <> OLD.organization_id
     OR (NEW.access_level <> OLD.access_level AND access_level_rank(NEW.access_level) < access_level_rank(OLD.access_level)) THEN
    RAISE EXCEPTION 'company, creator and organization of a prediction are fixed, its level is never lowered'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'predictions_level_never_down', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END $$;
