-- What nightly monitoring counted: one row for each owner, model, period and baseline. No user
-- makes one: only the function below writes, which maintenance calls.
CREATE TABLE monitoring_snapshots (
  id               UUID         PRIMARY KEY DEFAULT gen_random_uuid(),
  kind             VARCHAR(10)  NOT NULL CHECK (kind IN ('annual', 'quarterly')),
  model_name       VARCHAR(64)  NOT NULL,
  model_version    VARCHAR(100) NOT NULL,
  model_sha256     CHAR(64)     NOT NULL,
  period           VARCHAR(7)   NOT NULL CHECK (period ~ '^[0-9]{4}( Q[1-4])?$'),
  baseline         VARCHAR(8)   NOT NULL CHECK (baseline ~ '^(training|[0-9]{4}( Q[1-4])?)$'),
  total            BIGINT       NOT NULL CHECK (total >= 0),  -- predictions in scope
  out_of_scope     BIGINT       NOT NULL CHECK (out_of_scope >= 0),
  mean_pd          FLOAT8       CHECK (mean_pd BETWEEN 0 AND 1),
  inputs           JSONB        NOT NULL CHECK (jsonb_typeof(inputs) = 'array'),  -- counts, index and verdict of each
  score            JSONB        NOT NULL CHECK (jsonb_typeof(score) = 'object'),
  verdict          VARCHAR(12)  NOT NULL CHECK (verdict IN ('stable', 'watch', 'shifted', 'undetermined')),
  organization_id  UUID,
  access_level     VARCHAR(20)  NOT NULL CHECK (access_level IN ('personal', 'organization', 'system')),
  created_by       UUID,  -- the user of a personal one
  row_version      BIGINT       NOT NULL DEFAULT 1,
  created_at       TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at       TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  owner_key        UUID         NOT NULL GENERATED ALWAYS AS (
    CASE access_level WHEN 'organization' THEN organization_id WHEN 'personal' THEN created_by
         ELSE '00000000-0000-0000-0000-000000000000'::uuid END) STORED,
  CONSTRAINT monitoring_snapshots_scope CHECK (
    (access_level = 'organization') = (organization_id IS NOT NULL)
    AND (access_level = 'personal') = (created_by IS NOT NULL)),
  CONSTRAINT fk_monitoring_snapshots_organization FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT fk_monitoring_snapshots_created_by FOREIGN KEY (created_by) REFERENCES users (id),
  CONSTRAINT unique_monitoring_snapshot UNIQUE (owner_key, kind, model_name, model_version, model_sha256, period, baseline)
);
CREATE INDEX idx_monitoring_snapshots_owner_created ON monitoring_snapshots (owner_key, created_at DESC, id DESC);
CREATE INDEX idx_monitoring_snapshots_created_by ON monitoring_snapshots (created_by, created_at DESC, id DESC);
CREATE INDEX idx_monitoring_snapshots_organization_id ON monitoring_snapshots (organization_id);

ALTER TABLE monitoring_snapshots ENABLE ROW LEVEL SECURITY;
CREATE POLICY monitoring_snapshots_read ON monitoring_snapshots FOR SELECT TO accunode_server USING (
  owner_key = ANY ((SELECT actor_owner_keys())::uuid[])
  OR (access_level <> 'personal' AND (SELECT actor_is_super()))
  OR id = (SELECT actor_break_glass()));
-- Only where an account ends with everything that is personal.
CREATE POLICY monitoring_snapshots_delete ON monitoring_snapshots FOR DELETE TO accunode_server USING (
  access_level = 'personal' AND created_by = (SELECT actor_id()));
GRANT SELECT, DELETE ON monitoring_snapshots TO accunode_server;

-- Which owners have predictions by which model. It tells no row and no number.
CREATE FUNCTION monitored_predictions()
RETURNS TABLE (kind text, owner_key uuid, access_level text, model_name text, model_version text, model_sha256 text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT 'annual', p.owner_key, p.access_level, p.model_name, p.model_version, p.model_sha256
    FROM annual_predictions p GROUP BY 2, 3, 4, 5, 6
  UNION ALL
  SELECT 'quarterly', p.owner_key, p.access_level, p.model_name, p.model_version, p.model_sha256
    FROM quarterly_predictions p GROUP BY 2, 3, 4, 5, 6
  ORDER BY 1, 2, 4, 5, 6;
$$;
REVOKE ALL ON FUNCTION monitored_predictions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION monitored_predictions() TO accunode_server;

-- Keeps a snapshot, in place of the one of the same owner, model, period and baseline. Says
-- whether anything was written: not where it is what is there, and not for an owner who has gone
-- meanwhile.
CREATE FUNCTION keep_monitoring_snapshot(snapshot jsonb)
RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH kept AS (
    INSERT INTO monitoring_snapshots AS s (kind, model_name, model_version, model_sha256, period, baseline, total,
           out_of_scope, mean_pd, inputs, score, verdict, access_level, organization_id, created_by, created_at, updated_at)
    SELECT n.kind, n.model_name, n.model_version, n.model_sha256, n.period, n.baseline, n.total,
           n.out_of_scope, n.mean_pd, n.inputs, n.score, n.verdict, n.access_level,
           CASE n.access_level WHEN 'organization' THEN n.owner_key END,
           CASE n.access_level WHEN 'personal' THEN n.owner_key END, n.at, n.at
      FROM jsonb_to_record(snapshot) AS n (kind text, model_name text, model_version text, model_sha256 text,
           period text, baseline text, total bigint, out_of_scope bigint, mean_pd float8, inputs jsonb, score jsonb,
           verdict text, access_level text, owner_key uuid, at timestamptz)
     WHERE EXISTS (SELECT FROM annual_predictions p WHERE n.kind = 'annual' AND p.owner_key = n.owner_key)
        OR EXISTS (SELECT FROM quarterly_predictions p WHERE n.kind = 'quarterly' AND p.owner_key = n.owner_key)
    ON CONFLICT ON CONSTRAINT unique_monitoring_snapshot DO UPDATE
       SET total = excluded.total, out_of_scope = excluded.out_of_scope, mean_pd = excluded.mean_pd,
           inputs = excluded.inputs, score = excluded.score, verdict = excluded.verdict,
           row_version = s.row_version + 1, updated_at = excluded.updated_at
     WHERE (s.total, s.out_of_scope, s.mean_pd, s.inputs, s.score, s.verdict) IS DISTINCT FROM
           (excluded.total, excluded.out_of_scope, excluded.mean_pd, excluded.inputs, excluded.score, excluded.verdict)
    RETURNING 1)
  SELECT EXISTS (SELECT FROM kept);
$$;
REVOKE ALL ON FUNCTION keep_monitoring_snapshot(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_monitoring_snapshot(jsonb) TO accunode_server;
