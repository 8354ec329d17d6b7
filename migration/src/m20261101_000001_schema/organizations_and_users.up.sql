-- Organizations (a root and its children form a tenant) and users.

CREATE TABLE organizations (
  id               UUID         PRIMARY KEY DEFAULT gen_random_uuid(),
  name             VARCHAR(200) NOT NULL CHECK (btrim(name) <> ''),
  domain           VARCHAR(100) CHECK (domain = lower(domain) AND domain <> ''),
  description      TEXT,
  industry         VARCHAR(100),
  size_category    VARCHAR(50)  CHECK (size_category IN ('startup', 'small', 'medium', 'large', 'enterprise')),
  is_active        BOOLEAN      NOT NULL DEFAULT TRUE,
  settings         JSONB        NOT NULL DEFAULT '{}',
  parent_id        UUID,
  hide_system_data BOOLEAN      NOT NULL DEFAULT FALSE,
  max_users        INTEGER      CHECK (max_users > 0),
  -- who may join with the join token: nobody, whoever holds it, or only listed e-mails
  join_policy      VARCHAR(20)  NOT NULL DEFAULT 'closed' CHECK (join_policy IN ('closed', 'token', 'allowed_emails')),
  row_version      BIGINT       NOT NULL DEFAULT 1,
  created_at       TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at       TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT organizations_not_own_parent CHECK (parent_id <> id),
  CONSTRAINT fk_organizations_parent FOREIGN KEY (parent_id) REFERENCES organizations (id) ON DELETE SET NULL
);
CREATE UNIQUE INDEX idx_organizations_domain ON organizations (domain) WHERE domain IS NOT NULL;
CREATE INDEX idx_organizations_name ON organizations (name, id);
CREATE INDEX idx_organizations_parent_id ON organizations (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE users (
  id              UUID         PRIMARY KEY DEFAULT gen_random_uuid(),
  email           VARCHAR(255) NOT NULL UNIQUE CHECK (email = lower(email) AND email <> ''),
  password_hash   VARCHAR(255) NOT NULL,
  role            VARCHAR(50)  NOT NULL CHECK (role IN ('user', 'org_member', 'org_admin', 'tenant_admin', 'super_admin')),
  organization_id UUID,
  first_name      VARCHAR(100),
  last_name       VARCHAR(100),
  phone           VARCHAR(20),
  is_verified     BOOLEAN      NOT NULL DEFAULT FALSE,
  is_active       BOOLEAN      NOT NULL DEFAULT TRUE,
  last_login      TIMESTAMPTZ,
  row_version     BIGINT       NOT NULL DEFAULT 1,
  created_at      TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at      TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT fk_users_organization FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE SET NULL,
  -- people without an organization are users or super_admins, the others have one
  CONSTRAINT users_role_organization CHECK ((role IN ('user', 'super_admin')) = (organization_id IS NULL))
);
CREATE INDEX idx_users_organization_id ON users (organization_id, created_at DESC, id DESC);
CREATE INDEX idx_users_active_role ON users (role) WHERE is_active = TRUE;
CREATE INDEX idx_users_created_at ON users (created_at DESC, id DESC);
