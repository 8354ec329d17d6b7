-- Definitions of default that owners made. A row is never changed: outcomes, coverage and reports
-- name it, and another version replaces it. It can be retired once. The shipped definitions are part
-- of the program and have no rows.
CREATE TABLE default_definitions (
  id                         UUID         PRIMARY KEY DEFAULT gen_random_uuid(),
  code                       VARCHAR(40)  NOT NULL CHECK (code ~ '^[a-z][a-z0-9_]*$'),
  version                    INTEGER      NOT NULL CHECK (version BETWEEN 1 AND 99999),
  name                       VARCHAR(200) NOT NULL,
  basis                      VARCHAR(20)  NOT NULL CHECK (basis IN ('crr_178', 'bankruptcy', 'missed_payment', 'agency', 'other')),
  days_past_due              SMALLINT     CHECK (days_past_due BETWEEN 0 AND 3650),
  materiality                VARCHAR(500),
  probation_days             SMALLINT     CHECK (probation_days BETWEEN 0 AND 3650),
  forbearance_probation_days SMALLINT     CHECK (forbearance_probation_days BETWEEN 0 AND 3650),
  source                     VARCHAR(500),
  retired_at                 TIMESTAMPTZ,
  organization_id            UUID,
  access_level               VARCHAR(20)  NOT NULL CHECK (access_level IN ('personal', 'organization', 'system')),
  created_by                 UUID         NOT NULL,
  row_version                BIGINT       NOT NULL DEFAULT 1,
  created_at                 TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at                 TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  owner_key                  UUID         NOT NULL GENERATED ALWAYS AS (
    CASE access_level WHEN 'organization' THEN organization_id WHEN 'personal' THEN created_by
         ELSE '00000000-0000-0000-0000-000000000000'::uuid END) STORED,
  CONSTRAINT default_definitions_scope CHECK ((access_level = 'organization') = (organization_id IS NOT NULL)),
  -- so that a name means the same definition to everyone who can read it
  CONSTRAINT default_definitions_of_everyone CHECK ((access_level = 'system') = starts_with(code, 'system_')),
  CONSTRAINT default_definitions_shipped CHECK (code NOT IN ('crr_178', 'bankruptcy')),
  CONSTRAINT fk_default_definitions_organization FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT fk_default_definitions_created_by FOREIGN KEY (created_by) REFERENCES users (id),
  CONSTRAINT unique_default_definition UNIQUE (owner_key, code, version)
);
CREATE INDEX idx_default_definitions_owner_created ON default_definitions (owner_key, created_at DESC, id DESC);
CREATE INDEX idx_default_definitions_created_at ON default_definitions (created_at DESC, id DESC) WHERE access_level = 'organization';
CREATE INDEX idx_default_definitions_created_by ON default_definitions (created_by, created_at DESC, id DESC);
CREATE INDEX idx_default_definitions_organization_id ON default_definitions (organization_id);

-- For all writers: a definition is retired once, and nothing else of it changes.
CREATE FUNCTION default_definitions_before_update() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  same default_definitions := OLD;
BEGIN
  same.retired_at := NEW.retired_at;
  same.owner_key := NEW.owner_key;  -- generated after this trigger
  IF OLD.retired_at IS NOT NULL OR NEW IS DISTINCT FROM same THEN
    RAISE EXCEPTION 'a definition of default is never changed, only retired, once'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'default_definitions_immutable', TABLE = 'default_definitions';
  END IF;
  NEW.updated_at := clock_timestamp();
  NEW.row_version := OLD.row_version + 1;
  RETURN NEW;
END $$;
CREATE TRIGGER trg_default_definitions_touch BEFORE UPDATE ON default_definitions FOR EACH ROW EXECUTE FUNCTION default_definitions_before_update();

ALTER TABLE default_definitions ENABLE ROW LEVEL SECURITY;
CREATE POLICY default_definitions_read ON default_definitions FOR SELECT TO accunode_server USING (
  owner_key = ANY ((SELECT actor_owner_keys())::uuid[])
  OR (access_level <> 'personal' AND (SELECT actor_is_super()))
  OR id = (SELECT actor_break_glass()));
CREATE POLICY default_definitions_insert ON default_definitions FOR INSERT TO accunode_server WITH CHECK (CASE access_level
  WHEN 'personal' THEN created_by = (SELECT actor_id())
  WHEN 'organization' THEN organization_id = ANY ((SELECT actor_admin_keys())::uuid[]) OR (SELECT actor_is_super())
  ELSE (SELECT actor_is_super()) END);
CREATE POLICY default_definitions_update ON default_definitions FOR UPDATE TO accunode_server USING (CASE access_level
  WHEN 'personal' THEN created_by = (SELECT actor_id())
  WHEN 'organization' THEN organization_id = ANY ((SELECT actor_admin_keys())::uuid[]) OR (SELECT actor_is_super())
  ELSE (SELECT actor_is_super()) END);
-- Only when an account is deleted with all its personal rows.
CREATE POLICY default_definitions_delete ON default_definitions FOR DELETE TO accunode_server USING (
  access_level = 'personal' AND created_by = (SELECT actor_id()));

GRANT SELECT, INSERT, DELETE ON default_definitions TO accunode_server;
GRANT UPDATE (retired_at) ON default_definitions TO accunode_server;
