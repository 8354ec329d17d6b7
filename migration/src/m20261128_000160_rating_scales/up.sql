-- Master scales of owners. A row is never changed: reports and figures refer to it, and another
-- version replaces it. The shipped scale is part of the program and has no row.
CREATE TABLE rating_scales (
  id               UUID         PRIMARY KEY DEFAULT gen_random_uuid(),
  name             VARCHAR(40)  NOT NULL CHECK (name ~ '^[a-z][a-z0-9_-]*$'),
  version          INTEGER      NOT NULL CHECK (version BETWEEN 1 AND 99999),
  status           VARCHAR(10)  NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'active', 'retired')),
  grades           JSONB        NOT NULL,  -- [{code, label, pd_from, pd_to}], best first, from 0 to 1
  on_buckets       BOOLEAN      NOT NULL,  -- whether its grades can be counted from the rollups
  organization_id  UUID,
  access_level     VARCHAR(20)  NOT NULL CHECK (access_level IN ('personal', 'organization', 'system')),
  created_by       UUID         NOT NULL,
  row_version      BIGINT       NOT NULL DEFAULT 1,
  created_at       TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at       TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  owner_key        UUID         NOT NULL GENERATED ALWAYS AS (
    CASE access_level WHEN 'organization' THEN organization_id WHEN 'personal' THEN created_by
         ELSE '00000000-0000-0000-0000-000000000000'::uuid END) STORED,
  CONSTRAINT rating_scales_scope CHECK ((access_level = 'organization') = (organization_id IS NOT NULL)),
  CONSTRAINT rating_scales_grades CHECK (
    CASE jsonb_typeof(grades) WHEN 'array' THEN jsonb_array_length(grades) BETWEEN 7 AND 100 ELSE false END),
  CONSTRAINT fk_rating_scales_organization FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT fk_rating_scales_created_by FOREIGN KEY (created_by) REFERENCES users (id),
  CONSTRAINT unique_rating_scale UNIQUE (owner_key, name, version)
);
CREATE UNIQUE INDEX idx_rating_scales_active ON rating_scales (owner_key) WHERE status = 'active';
CREATE INDEX idx_rating_scales_owner_created ON rating_scales (owner_key, created_at DESC, id DESC);
CREATE INDEX idx_rating_scales_created_at ON rating_scales (created_at DESC, id DESC) WHERE access_level = 'organization';
CREATE INDEX idx_rating_scales_created_by ON rating_scales (created_by, created_at DESC, id DESC);
CREATE INDEX idx_rating_scales_organization_id ON rating_scales (organization_id);

ALTER TABLE rating_scales ENABLE ROW LEVEL SECURITY;
CREATE POLICY rating_scales_read ON rating_scales FOR SELECT TO accunode_server USING (
  owner_key = ANY ((SELECT actor_owner_keys())::uuid[])
  OR (access_level <> 'personal' AND (SELECT actor_is_super()))
  OR id = (SELECT actor_break_glass()));
CREATE POLICY rating_scales_insert ON rating_scales FOR INSERT TO accunode_server WITH CHECK (CASE access_level
  WHEN 'personal' THEN created_by = (SELECT actor_id())
  WHEN 'organization' THEN organization_id = ANY ((SELECT actor_admin_keys())::uuid[]) OR (SELECT actor_is_super())
  ELSE (SELECT actor_is_super()) END);
-- Only when an account is deleted with all its personal rows.
CREATE POLICY rating_scales_delete ON rating_scales FOR DELETE TO accunode_server USING (
  access_level = 'personal' AND created_by = (SELECT actor_id()));

-- No UPDATE: a scale is never changed.
GRANT SELECT, INSERT, DELETE ON rating_scales TO accunode_server;
