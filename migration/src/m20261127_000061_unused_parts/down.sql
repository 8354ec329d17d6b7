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
GRANT SELECT, INSERT, UPDATE ON maintenance_runs TO accunode_server;

CREATE OR REPLACE FUNCTION tenancy_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  me text := pg_current_xact_id()::text;
  now_at bigint;
BEGIN
  IF current_setting('accunode.tenancy_moved_by', true) IS DISTINCT FROM me THEN
    UPDATE tenancy_state SET version = version + 1 RETURNING version INTO now_at;
    PERFORM set_config('accunode.tenancy_moved_by', me, true), pg_notify('accunode_tenancy', now_at::text);
  END IF;
  RETURN NULL;
END $$;
