-- Which predictions were deleted, and when: a back-test of a past day counts those that it lost.
-- No figure of a prediction is kept. Predictions that were deleted before this migration are
-- unknown.
CREATE TABLE prediction_deletions (
  id              BIGINT       GENERATED ALWAYS AS IDENTITY,
  kind            VARCHAR(20)  NOT NULL CHECK (kind IN ('annual', 'quarterly')),
  company_id      UUID         NOT NULL,               -- which may be deleted, too
  period_end      DATE         NOT NULL,
  predicted_at    TIMESTAMPTZ  NOT NULL,               -- when its first version was made
  deleted_at      TIMESTAMPTZ  NOT NULL DEFAULT clock_timestamp(),
  access_level    VARCHAR(20)  NOT NULL,
  organization_id UUID,
  owner_key       UUID         NOT NULL,
  CONSTRAINT prediction_deletions_pkey PRIMARY KEY (id),
  CONSTRAINT fk_prediction_deletions_organization FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE
);
CREATE INDEX idx_prediction_deletions_owner ON prediction_deletions (owner_key, kind, predicted_at);
CREATE INDEX idx_prediction_deletions_organization_id ON prediction_deletions (organization_id);

-- For each statement, whichever path it is of: one prediction, a company with its predictions, the
-- undo of an upload, SQL by hand. What goes with an organization leaves nothing.
CREATE FUNCTION annual_deletions_keep() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO prediction_deletions (kind, company_id, period_end, predicted_at, access_level, organization_id, owner_key)
  SELECT 'annual', p.company_id, make_date(p.reporting_year::int, 12, 31), least(p.created_at, p.predicted_at),
         p.access_level, p.organization_id, p.owner_key
    FROM gone p
   WHERE p.organization_id IS NULL OR EXISTS (SELECT FROM organizations o WHERE o.id = p.organization_id);
  RETURN NULL;
END $$;
CREATE TRIGGER trg_annual_deletions AFTER DELETE ON annual_predictions
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION annual_deletions_keep();
CREATE FUNCTION quarterly_deletions_keep() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO prediction_deletions (kind, company_id, period_end, predicted_at, access_level, organization_id, owner_key)
  SELECT 'quarterly', p.company_id,
         (make_date(p.reporting_year::int, 3 * right(p.reporting_quarter, 1)::int, 1) + interval '1 month - 1 day')::date,
         least(p.created_at, p.predicted_at), p.access_level, p.organization_id, p.owner_key
    FROM gone p
   WHERE p.organization_id IS NULL OR EXISTS (SELECT FROM organizations o WHERE o.id = p.organization_id);
  RETURN NULL;
END $$;
CREATE TRIGGER trg_quarterly_deletions AFTER DELETE ON quarterly_predictions
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION quarterly_deletions_keep();

-- Readable as the predictions were, and written by the triggers alone. Those of an account go with
-- its personal predictions.
ALTER TABLE prediction_deletions ENABLE ROW LEVEL SECURITY;
CREATE POLICY prediction_deletions_read ON prediction_deletions FOR SELECT TO accunode_server USING (
  owner_key = ANY ((SELECT actor_owner_keys())::uuid[])
  OR (access_level <> 'personal' AND (SELECT actor_is_super())));
CREATE POLICY prediction_deletions_delete ON prediction_deletions FOR DELETE TO accunode_server USING (
  access_level = 'personal' AND owner_key = (SELECT actor_id()));
GRANT SELECT, DELETE ON prediction_deletions TO accunode_server;
