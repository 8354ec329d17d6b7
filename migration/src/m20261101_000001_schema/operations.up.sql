-- State that the running service needs.

-- The first answer to a request that may be repeated, kept for 24 hours. status NULL: the first
-- request is still being processed. response NULL with a status: it contained a secret and is not
-- stored.
CREATE TABLE idempotency_keys (
  principal   UUID         NOT NULL,
  key         VARCHAR(255) NOT NULL CHECK (key <> ''),
  method      VARCHAR(10),                               -- both for people only: the fingerprint covers them
  path        TEXT,
  fingerprint CHAR(64)     NOT NULL,
  status      SMALLINT     CHECK (status BETWEEN 100 AND 599),
  response    JSONB,
  created_at  TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (principal, key),
  CONSTRAINT idempotency_keys_answer CHECK (response IS NULL OR status IS NOT NULL)
);
CREATE INDEX idx_idempotency_keys_created_at ON idempotency_keys (created_at);

CREATE TABLE maintenance_runs (
  id           UUID         PRIMARY KEY DEFAULT gen_random_uuid(),
  task         VARCHAR(40)  NOT NULL,
  status       VARCHAR(20)  NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'completed', 'failed')),
  requested_by UUID,
  log          JSONB        NOT NULL DEFAULT '[]',
  outcome      JSONB,
  started_at   TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  finished_at  TIMESTAMPTZ,
  CONSTRAINT maintenance_runs_finished CHECK ((status = 'running') = (finished_at IS NULL)),
  CONSTRAINT fk_maintenance_runs_requested_by FOREIGN KEY (requested_by) REFERENCES users (id) ON DELETE SET NULL
);
CREATE INDEX idx_maintenance_runs_started_at ON maintenance_runs (started_at DESC, id DESC);
CREATE UNIQUE INDEX idx_maintenance_runs_running ON maintenance_runs (task) WHERE status = 'running';
