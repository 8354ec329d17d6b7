-- A new token of a mail replaces the previous one: at most one is open.
DELETE FROM user_tokens t WHERE used_at IS NULL
   AND EXISTS (SELECT FROM user_tokens n WHERE n.user_id = t.user_id AND n.purpose = t.purpose AND n.used_at IS NULL
                  AND (n.created_at, n.id) > (t.created_at, t.id));
CREATE UNIQUE INDEX idx_user_tokens_open ON user_tokens (user_id, purpose) WHERE used_at IS NULL;

-- Second factors (RFC 6238). The secret must be read to check a code, so it is sealed
-- (AES-256-GCM) with a key that the database does not have.
CREATE TABLE user_totp (
  user_id      UUID        PRIMARY KEY,
  secret       BYTEA       NOT NULL,
  confirmed_at TIMESTAMPTZ,                       -- until then it is asked for nowhere
  last_step    BIGINT      NOT NULL DEFAULT 0,    -- of the last code that was good: neither it nor an earlier one is good again
  created_at   TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT fk_user_totp_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

-- For users who have lost their device; each is valid once.
CREATE TABLE recovery_codes (
  user_id   UUID        NOT NULL,
  code_hash VARCHAR(64) NOT NULL CHECK (length(code_hash) = 64),
  used_at   TIMESTAMPTZ,
  PRIMARY KEY (user_id, code_hash),
  CONSTRAINT fk_recovery_codes_user FOREIGN KEY (user_id) REFERENCES user_totp (user_id) ON DELETE CASCADE
);

-- Logins with a correct password that wait for the second factor.
CREATE TABLE login_challenges (
  token_hash VARCHAR(64) PRIMARY KEY CHECK (length(token_hash) = 64),
  user_id    UUID        NOT NULL,
  attempts   SMALLINT    NOT NULL DEFAULT 0,
  expires_at TIMESTAMPTZ NOT NULL,
  CONSTRAINT fk_login_challenges_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX idx_login_challenges_user ON login_challenges (user_id);

ALTER TABLE organizations ADD COLUMN require_second_factor BOOLEAN NOT NULL DEFAULT FALSE;

GRANT SELECT, INSERT, UPDATE, DELETE ON user_totp, recovery_codes, login_challenges TO accunode_server;
