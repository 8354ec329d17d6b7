-- Rules for all writers. Triggers that read other rows run as the owner, so that no policy hides
-- the rows that they need.

-- ---------------------------------------------------------------- organizations

-- A tenant is one level deep. FOR SHARE on the parent: until the commit it can neither get a parent
-- nor be deleted.
CREATE FUNCTION organizations_depth() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  grand uuid;
BEGIN
  IF NEW.parent_id IS NULL THEN
    RETURN NEW;
  END IF;
  SELECT parent_id INTO grand FROM organizations WHERE id = NEW.parent_id FOR SHARE;
  IF grand IS NOT NULL OR EXISTS (SELECT FROM organizations WHERE parent_id = NEW.id) THEN
    RAISE EXCEPTION 'an organization with a parent cannot have children'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'organizations_depth', TABLE = 'organizations';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER trg_organizations_depth BEFORE INSERT OR UPDATE OF parent_id ON organizations
  FOR EACH ROW EXECUTE FUNCTION organizations_depth();

-- Every change counts; the version is the ETag and is never set by hand.
CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW.updated_at := clock_timestamp();
  NEW.row_version := OLD.row_version + 1;
  RETURN NEW;
END $$;
CREATE TRIGGER trg_organizations_touch BEFORE UPDATE ON organizations
  FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- Deletes the predictions in one statement per table; the cascade, company by company, then finds
-- none.
CREATE FUNCTION organizations_before_delete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  DELETE FROM annual_predictions p WHERE p.organization_id = OLD.id;
  DELETE FROM annual_predictions p USING companies c WHERE c.organization_id = OLD.id AND p.company_id = c.id;
  DELETE FROM quarterly_predictions p WHERE p.organization_id = OLD.id;
  DELETE FROM quarterly_predictions p USING companies c WHERE c.organization_id = OLD.id AND p.company_id = c.id;
  RETURN OLD;
END $$;
CREATE TRIGGER trg_organizations_delete BEFORE DELETE ON organizations
  FOR EACH ROW EXECUTE FUNCTION organizations_before_delete();

-- ---------------------------------------------------------------- users

-- A sign-in is not a change of the user, even if it renews the password's hash for newer
-- parameters. When the user's organization is deleted (SET NULL) the user becomes a plain user.
CREATE FUNCTION users_before_update() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  same users := OLD;
BEGIN
  IF NEW.organization_id IS NULL AND OLD.organization_id IS NOT NULL AND NEW.role = OLD.role
     AND NOT EXISTS (SELECT FROM organizations WHERE id = OLD.organization_id) THEN
    NEW.role := 'user';
  END IF;
  IF NEW.last_login IS DISTINCT FROM OLD.last_login THEN
    same.last_login := NEW.last_login;
    same.password_hash := NEW.password_hash;
  END IF;
  IF NEW IS DISTINCT FROM same THEN
    NEW.updated_at := clock_timestamp();
    NEW.row_version := OLD.row_version + 1;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER trg_users_touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION users_before_update();

-- One active super_admin remains. The lock serializes concurrent changes; READ COMMITTED lets the
-- next one see what the first did.
CREATE FUNCTION users_last_super_admin() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'changing a super_admin needs READ COMMITTED' USING ERRCODE = 'feature_not_supported';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('accunode.last_super_admin'));
  IF NOT EXISTS (SELECT FROM users WHERE role = 'super_admin' AND is_active) THEN
    RAISE EXCEPTION 'at least one active super_admin must remain'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'users_last_super_admin', TABLE = 'users';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER trg_users_last_super_admin_upd AFTER UPDATE ON users DEFERRABLE INITIALLY IMMEDIATE
  FOR EACH ROW WHEN (OLD.role = 'super_admin' AND OLD.is_active AND NOT (NEW.role = 'super_admin' AND NEW.is_active))
  EXECUTE FUNCTION users_last_super_admin();
CREATE CONSTRAINT TRIGGER trg_users_last_super_admin_del AFTER DELETE ON users DEFERRABLE INITIALLY IMMEDIATE
  FOR EACH ROW WHEN (OLD.role = 'super_admin' AND OLD.is_active)
  EXECUTE FUNCTION users_last_super_admin();

-- ---------------------------------------------------------------- companies

CREATE FUNCTION access_level_rank(level text) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE level WHEN 'personal' THEN 0 WHEN 'organization' THEN 1 WHEN 'system' THEN 2 END;

-- The level is only raised, the creator is fixed, and level and organization change only while
-- there are no predictions on the company. The row is locked FOR UPDATE by then (owner_key is part
-- of a unique key), so no prediction on it can commit in between. Raising ignores personal
-- predictions of other users: they stay valid at a wider level, and an error would reveal that they
-- exist. Moving to another organization does not ignore them.
CREATE FUNCTION companies_before_update() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  NEW.updated_at := clock_timestamp();
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
CREATE TRIGGER trg_companies_touch BEFORE UPDATE ON companies FOR EACH ROW EXECUTE FUNCTION companies_before_update();

-- ---------------------------------------------------------------- predictions

CREATE FUNCTION predictions_before_update() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  NEW.updated_at := clock_timestamp();
  NEW.row_version := OLD.row_version + 1;
  IF NEW.created_by <> OLD.created_by OR NEW.company_id <> OLD.company_id OR NEW.organization_id <> OLD.organization_id
     OR (NEW.access_level <> OLD.access_level AND access_level_rank(NEW.access_level) < access_level_rank(OLD.access_level)) THEN
    RAISE EXCEPTION 'company, creator and organization of a prediction are fixed, its level is never lowered'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'predictions_level_never_down', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER trg_annual_touch BEFORE UPDATE ON annual_predictions FOR EACH ROW EXECUTE FUNCTION predictions_before_update();
CREATE TRIGGER trg_quarterly_touch BEFORE UPDATE ON quarterly_predictions FOR EACH ROW EXECUTE FUNCTION predictions_before_update();

-- Which company a prediction may be about: personal on any its creator can read, organization on
-- one of the same organization or the system's, system on the system's. Checked on insert and on a
-- change of level, on no other update: a user who left an organization may still edit their
-- personal prediction. Companies are looked up one by one, never joined: a trigger keeps its first
-- plan, and after one bulk chunk a join would scan all companies for every single row. Nor are old
-- and new rows joined: after one single update a chunk of 5,000 would be a nested loop of 25
-- million.
CREATE FUNCTION check_prediction_organization_consistency() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  bad uuid;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    SELECT n.company_id INTO bad
      FROM (SELECT company_id, access_level, organization_id FROM new_rows
            EXCEPT SELECT company_id, access_level, organization_id FROM old_rows) n
     CROSS JOIN LATERAL (SELECT access_level, organization_id FROM companies WHERE id = n.company_id OFFSET 0) c
     WHERE NOT coalesce(
             c.access_level = 'system'
             OR (n.access_level = 'organization' AND c.access_level = 'organization' AND c.organization_id = n.organization_id), false)
     LIMIT 1;
  ELSE
    SELECT n.id INTO bad
      FROM new_rows n
      LEFT JOIN LATERAL (SELECT access_level, organization_id, created_by FROM companies WHERE id = n.company_id OFFSET 0) c ON true
     WHERE NOT coalesce(
             c.access_level = 'system'
             OR (n.access_level = 'organization' AND c.access_level = 'organization' AND c.organization_id = n.organization_id)
             OR (n.access_level = 'personal' AND (
                   (c.access_level = 'personal' AND c.created_by = n.created_by)
                OR (c.access_level = 'organization' AND EXISTS (
                      SELECT FROM users u JOIN organizations o ON o.id = c.organization_id
                       WHERE u.id = n.created_by
                         AND (u.role = 'super_admin' OR u.organization_id = o.id
                              OR (u.role = 'tenant_admin' AND o.parent_id = u.organization_id)))))), false)
     LIMIT 1;
  END IF;
  IF bad IS NOT NULL THEN
    RAISE EXCEPTION 'Company must belong to the same organization as the prediction'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'prediction_organization_consistency', TABLE = TG_TABLE_NAME, DETAIL = bad::text;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER trigger_annual_prediction_org_check AFTER INSERT ON annual_predictions
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION check_prediction_organization_consistency();
CREATE TRIGGER trigger_annual_prediction_org_check_upd AFTER UPDATE ON annual_predictions
  REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION check_prediction_organization_consistency();
CREATE TRIGGER trigger_quarterly_prediction_org_check AFTER INSERT ON quarterly_predictions
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION check_prediction_organization_consistency();
CREATE TRIGGER trigger_quarterly_prediction_org_check_upd AFTER UPDATE ON quarterly_predictions
  REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION check_prediction_organization_consistency();

-- ---------------------------------------------------------------- bulk jobs

-- Progress and leases create no new version of a job; a changed status or a cancellation request
-- does. A job that failed or was cancelled no longer prevents an upload of the same file.
CREATE FUNCTION bulk_jobs_before_update() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  same bulk_upload_jobs := OLD;
BEGIN
  IF NEW.created_by <> OLD.created_by OR NEW.access_level <> OLD.access_level OR NEW.organization_id <> OLD.organization_id THEN
    RAISE EXCEPTION 'creator and owner of an upload are fixed'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'bulk_jobs_owner_fixed', TABLE = 'bulk_upload_jobs';
  END IF;
  IF NEW.status IN ('failed', 'cancelled') THEN
    NEW.dedup_key := NULL;
  END IF;
  NEW.updated_at := clock_timestamp();
  same.status := NEW.status;
  same.total_rows := NEW.total_rows;
  same.processed_rows := NEW.processed_rows;
  same.success_count := NEW.success_count;
  same.updated_count := NEW.updated_count;
  same.skipped_count := NEW.skipped_count;
  same.error_count := NEW.error_count;
  same.file_columns := NEW.file_columns;
  same.warnings := NEW.warnings;
  same.checkpoint := NEW.checkpoint;
  same.processing_logs := NEW.processing_logs;
  same.started_at := NEW.started_at;
  same.lease_token := NEW.lease_token;
  same.lease_expires_at := NEW.lease_expires_at;
  same.attempts := NEW.attempts;
  same.updated_at := NEW.updated_at;
  same.owner_key := NEW.owner_key;
  NEW.row_version := OLD.row_version + CASE WHEN NEW.status <> OLD.status OR NEW IS DISTINCT FROM same THEN 1 ELSE 0 END;
  RETURN NEW;
END $$;
CREATE TRIGGER trg_jobs_touch BEFORE UPDATE ON bulk_upload_jobs FOR EACH ROW EXECUTE FUNCTION bulk_jobs_before_update();
