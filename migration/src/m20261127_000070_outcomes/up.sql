-- Outcomes of companies: defaults, cures, exits. A row is never changed. It is withdrawn with a
-- reason, so that the knowledge at any time can be reproduced.
CREATE TABLE outcomes (
  id               UUID         PRIMARY KEY DEFAULT gen_random_uuid(),
  company_id       UUID         NOT NULL,
  company_symbol   VARCHAR(32)  NOT NULL,  -- symbol, name and sector as of recording
  company_name     VARCHAR(200) NOT NULL,
  company_sector   VARCHAR(100) NOT NULL,
  definition       VARCHAR(50)  NOT NULL CHECK (definition ~ '^[a-z][a-z0-9_]*@[1-9][0-9]{0,5}$'),
  event            VARCHAR(10)  NOT NULL CHECK (event IN ('default', 'cure', 'exit')),
  occurred_on      DATE         NOT NULL,
  technical        BOOLEAN      NOT NULL DEFAULT FALSE,
  reason_code      VARCHAR(50),
  external_id      VARCHAR(100),
  note             VARCHAR(1000),
  withdrawn_at     TIMESTAMPTZ,
  withdrawn_by     UUID,
  withdrawn_reason VARCHAR(500),
  organization_id  UUID,
  access_level     VARCHAR(20)  NOT NULL CHECK (access_level IN ('personal', 'organization', 'system')),
  created_by       UUID         NOT NULL,
  row_version      BIGINT       NOT NULL DEFAULT 1,
  created_at       TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,  -- when it was recorded
  updated_at       TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  owner_key        UUID         NOT NULL GENERATED ALWAYS AS (
    CASE access_level WHEN 'organization' THEN organization_id WHEN 'personal' THEN created_by
         ELSE '00000000-0000-0000-0000-000000000000'::uuid END) STORED,
  CONSTRAINT outcomes_scope CHECK ((access_level = 'organization') = (organization_id IS NOT NULL)),
  CONSTRAINT outcomes_technical CHECK (event = 'default' OR NOT technical),
  CONSTRAINT outcomes_withdrawn CHECK (num_nonnulls(withdrawn_at, withdrawn_by, withdrawn_reason) IN (0, 3)),
  CONSTRAINT fk_outcomes_company FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE,
  CONSTRAINT fk_outcomes_organization FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT fk_outcomes_created_by FOREIGN KEY (created_by) REFERENCES users (id),
  CONSTRAINT fk_outcomes_withdrawn_by FOREIGN KEY (withdrawn_by) REFERENCES users (id)
);
CREATE UNIQUE INDEX idx_outcomes_open ON outcomes (company_id, owner_key, definition, event, occurred_on) WHERE withdrawn_at IS NULL;
CREATE UNIQUE INDEX idx_outcomes_external_id ON outcomes (owner_key, external_id) WHERE external_id IS NOT NULL AND withdrawn_at IS NULL;
CREATE INDEX idx_outcomes_owner_created ON outcomes (owner_key, created_at DESC, id DESC);
CREATE INDEX idx_outcomes_created_at ON outcomes (created_at DESC, id DESC) WHERE access_level = 'organization';
CREATE INDEX idx_outcomes_company ON outcomes (company_id, owner_key, definition, occurred_on);
CREATE INDEX idx_outcomes_organization_id ON outcomes (organization_id);
CREATE INDEX idx_outcomes_created_by ON outcomes (created_by, created_at DESC, id DESC);

-- For all writers: an outcome is withdrawn once, and nothing else of it changes.
CREATE FUNCTION outcomes_before_update() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  same outcomes := OLD;
BEGIN
  same.withdrawn_at := NEW.withdrawn_at;
  same.withdrawn_by := NEW.withdrawn_by;
  same.withdrawn_reason := NEW.withdrawn_reason;
  same.owner_key := NEW.owner_key;  -- generated after this trigger
  IF OLD.withdrawn_at IS NOT NULL OR NEW IS DISTINCT FROM same THEN
    RAISE EXCEPTION 'an outcome is never changed, only withdrawn, once'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'outcomes_immutable', TABLE = 'outcomes';
  END IF;
  NEW.updated_at := clock_timestamp();
  NEW.row_version := OLD.row_version + 1;
  RETURN NEW;
END $$;
CREATE TRIGGER trg_outcomes_touch BEFORE UPDATE ON outcomes FOR EACH ROW EXECUTE FUNCTION outcomes_before_update();

-- Which company an outcome may be about: the same rule as for predictions.
CREATE FUNCTION check_outcome_organization_consistency() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  bad uuid;
BEGIN
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
  IF bad IS NOT NULL THEN
    RAISE EXCEPTION 'the company of an outcome must belong to the same organization'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'outcome_organization_consistency', TABLE = TG_TABLE_NAME, DETAIL = bad::text;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER trigger_outcome_org_check AFTER INSERT ON outcomes
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION check_outcome_organization_consistency();

-- The days for which an owner states that the outcomes are complete: on other days a missing
-- outcome proves nothing.
CREATE TABLE outcome_coverage (
  id               UUID         PRIMARY KEY DEFAULT gen_random_uuid(),
  definition       VARCHAR(50)  NOT NULL CHECK (definition ~ '^[a-z][a-z0-9_]*@[1-9][0-9]{0,5}$'),
  complete_from    DATE         NOT NULL,
  complete_through DATE         NOT NULL,
  note             VARCHAR(500),
  organization_id  UUID,
  access_level     VARCHAR(20)  NOT NULL CHECK (access_level IN ('personal', 'organization', 'system')),
  created_by       UUID         NOT NULL,
  row_version      BIGINT       NOT NULL DEFAULT 1,
  created_at       TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at       TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  owner_key        UUID         NOT NULL GENERATED ALWAYS AS (
    CASE access_level WHEN 'organization' THEN organization_id WHEN 'personal' THEN created_by
         ELSE '00000000-0000-0000-0000-000000000000'::uuid END) STORED,
  CONSTRAINT outcome_coverage_scope CHECK ((access_level = 'organization') = (organization_id IS NOT NULL)),
  CONSTRAINT outcome_coverage_days CHECK (complete_from <= complete_through),
  CONSTRAINT fk_outcome_coverage_organization FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT fk_outcome_coverage_created_by FOREIGN KEY (created_by) REFERENCES users (id),
  CONSTRAINT unique_outcome_coverage UNIQUE (owner_key, definition)
);
CREATE INDEX idx_outcome_coverage_organization_id ON outcome_coverage (organization_id);
CREATE INDEX idx_outcome_coverage_created_by ON outcome_coverage (created_by);
CREATE TRIGGER trg_outcome_coverage_touch BEFORE UPDATE ON outcome_coverage FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

DO $$
DECLARE
  t text;
  inserted text;
  updated text;
BEGIN
  FOREACH t IN ARRAY ARRAY['outcomes', 'outcome_coverage'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format($p$ CREATE POLICY %1$s_read ON %1$I FOR SELECT TO accunode_server USING (
        owner_key = ANY ((SELECT actor_owner_keys())::uuid[])
        OR (access_level <> 'personal' AND (SELECT actor_is_super()))
        OR id = (SELECT actor_break_glass())) $p$, t);
    -- Members record outcomes of their organization; how far those are complete says an
    -- administrator.
    inserted := CASE t WHEN 'outcomes' THEN
        $p$ organization_id = ANY ((SELECT actor_owner_keys())::uuid[]) $p$
      ELSE $p$ organization_id = ANY ((SELECT actor_admin_keys())::uuid[]) $p$ END;
    updated := CASE t WHEN 'outcomes' THEN
        $p$ organization_id = ANY ((SELECT actor_admin_keys())::uuid[])
            OR (created_by = (SELECT actor_id()) AND organization_id = ANY ((SELECT actor_owner_keys())::uuid[])) $p$
      ELSE $p$ organization_id = ANY ((SELECT actor_admin_keys())::uuid[]) $p$ END;
    EXECUTE format($p$ CREATE POLICY %1$s_insert ON %1$I FOR INSERT TO accunode_server WITH CHECK (CASE access_level
        WHEN 'personal' THEN created_by = (SELECT actor_id())
        WHEN 'organization' THEN %2$s OR (SELECT actor_is_super())
        ELSE (SELECT actor_is_super()) END) $p$, t, inserted);
    EXECUTE format($p$ CREATE POLICY %1$s_update ON %1$I FOR UPDATE TO accunode_server USING (CASE access_level
        WHEN 'personal' THEN created_by = (SELECT actor_id())
        WHEN 'organization' THEN %2$s OR (SELECT actor_is_super())
        ELSE (SELECT actor_is_super()) END) $p$, t, updated);
    -- Only where an account ends with everything that is personal.
    EXECUTE format($p$ CREATE POLICY %1$s_delete ON %1$I FOR DELETE TO accunode_server USING (
        access_level = 'personal' AND created_by = (SELECT actor_id())) $p$, t);
  END LOOP;
END $$;

GRANT SELECT, INSERT, DELETE ON outcomes TO accunode_server;
GRANT UPDATE (withdrawn_at, withdrawn_by, withdrawn_reason) ON outcomes TO accunode_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON outcome_coverage TO accunode_server;
