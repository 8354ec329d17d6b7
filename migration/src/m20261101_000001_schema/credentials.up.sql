-- Keys, invitations and one-time tokens. Secrets are stored only as SHA-256 (they are random and
-- long, so a slow hash would protect nothing).

CREATE TABLE api_keys (
  id              UUID         PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id         UUID         NOT NULL,
  organization_id UUID,                                  -- cut down to this one
  name            VARCHAR(100) NOT NULL CHECK (btrim(name) <> ''),
  prefix          VARCHAR(16)  NOT NULL,                 -- shown, to tell keys apart
  secret_hash     VARCHAR(64)  NOT NULL UNIQUE CHECK (length(secret_hash) = 64),
  scopes          TEXT[]       NOT NULL CHECK (cardinality(scopes) > 0),
  expires_at      TIMESTAMPTZ,
  last_used_at    TIMESTAMPTZ,
  revoked_at      TIMESTAMPTZ,
  created_at      TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT fk_api_keys_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT fk_api_keys_organization FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE
);
CREATE INDEX idx_api_keys_user ON api_keys (user_id, created_at DESC, id DESC);
CREATE INDEX idx_api_keys_organization ON api_keys (organization_id, created_at DESC, id DESC) WHERE organization_id IS NOT NULL;

CREATE TABLE invitations (
  id              UUID         PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id UUID         NOT NULL,
  email           VARCHAR(255) NOT NULL CHECK (email = lower(email)),
  role            VARCHAR(50)  NOT NULL CHECK (role IN ('org_member', 'org_admin', 'tenant_admin')),
  token_hash      VARCHAR(64)  NOT NULL UNIQUE CHECK (length(token_hash) = 64),
  invited_by      UUID,
  expires_at      TIMESTAMPTZ  NOT NULL,
  accepted_at     TIMESTAMPTZ,
  accepted_by     UUID,
  created_at      TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT invitations_accepted CHECK (accepted_by IS NULL OR accepted_at IS NOT NULL),
  CONSTRAINT fk_invitations_organization FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT fk_invitations_invited_by FOREIGN KEY (invited_by) REFERENCES users (id) ON DELETE SET NULL,
  CONSTRAINT fk_invitations_accepted_by FOREIGN KEY (accepted_by) REFERENCES users (id) ON DELETE SET NULL
);
CREATE INDEX idx_invitations_organization ON invitations (organization_id, created_at DESC, id DESC);
CREATE UNIQUE INDEX idx_invitations_open ON invitations (organization_id, email) WHERE accepted_at IS NULL;

-- With join_policy = allowed_emails only these addresses may use the join token.
CREATE TABLE allowed_emails (
  organization_id UUID         NOT NULL,
  email           VARCHAR(255) NOT NULL CHECK (email = lower(email)),
  created_by      UUID,
  created_at      TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (organization_id, email),
  CONSTRAINT fk_allowed_emails_organization FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT fk_allowed_emails_created_by FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL
);

-- At most one per organization; a new token replaces the old one.
CREATE TABLE join_tokens (
  organization_id UUID        PRIMARY KEY,
  token_hash      VARCHAR(64) NOT NULL UNIQUE CHECK (length(token_hash) = 64),
  created_by      UUID,
  created_at      TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT fk_join_tokens_organization FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT fk_join_tokens_created_by FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL
);

-- Sent by mail, used once.
CREATE TABLE user_tokens (
  id         UUID        PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id    UUID        NOT NULL,
  purpose    VARCHAR(20) NOT NULL CHECK (purpose IN ('verify_email', 'reset_password')),
  token_hash VARCHAR(64) NOT NULL UNIQUE CHECK (length(token_hash) = 64),
  expires_at TIMESTAMPTZ NOT NULL,
  used_at    TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT fk_user_tokens_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX idx_user_tokens_user ON user_tokens (user_id, purpose);
CREATE INDEX idx_user_tokens_expires_at ON user_tokens (expires_at);
