-- Whose predictions were before they were raised to another level, and until when: figures of a
-- past day then count them for the owner that had them on that day. The present owner is the
-- prediction's own. Predictions that were raised before this migration count as if their owner had
-- always had them.
CREATE TABLE annual_prediction_owners (
  prediction_id UUID        NOT NULL,
  owner_key     UUID        NOT NULL,
  until         TIMESTAMPTZ NOT NULL,
  CONSTRAINT annual_prediction_owners_pkey PRIMARY KEY (prediction_id, until),
  CONSTRAINT fk_annual_prediction_owners_prediction FOREIGN KEY (prediction_id) REFERENCES annual_predictions (id) ON DELETE CASCADE
);
CREATE INDEX idx_annual_prediction_owners_owner ON annual_prediction_owners (owner_key, prediction_id);

CREATE TABLE quarterly_prediction_owners (
  prediction_id UUID        NOT NULL,
  owner_key     UUID        NOT NULL,
  until         TIMESTAMPTZ NOT NULL,
  CONSTRAINT quarterly_prediction_owners_pkey PRIMARY KEY (prediction_id, until),
  CONSTRAINT fk_quarterly_prediction_owners_prediction FOREIGN KEY (prediction_id) REFERENCES quarterly_predictions (id) ON DELETE CASCADE
);
CREATE INDEX idx_quarterly_prediction_owners_owner ON quarterly_prediction_owners (owner_key, prediction_id);

-- For each row, and only for statements that set the owner: uploads and rescorings do not.
CREATE FUNCTION annual_owners_keep() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO annual_prediction_owners (prediction_id, owner_key, until) VALUES (OLD.id, OLD.owner_key, NEW.updated_at);
  RETURN NULL;
END $$;
CREATE TRIGGER trg_annual_owners AFTER UPDATE OF access_level, organization_id ON annual_predictions
  FOR EACH ROW WHEN (OLD.owner_key IS DISTINCT FROM NEW.owner_key) EXECUTE FUNCTION annual_owners_keep();
CREATE FUNCTION quarterly_owners_keep() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO quarterly_prediction_owners (prediction_id, owner_key, until) VALUES (OLD.id, OLD.owner_key, NEW.updated_at);
  RETURN NULL;
END $$;
CREATE TRIGGER trg_quarterly_owners AFTER UPDATE OF access_level, organization_id ON quarterly_predictions
  FOR EACH ROW WHEN (OLD.owner_key IS DISTINCT FROM NEW.owner_key) EXECUTE FUNCTION quarterly_owners_keep();

-- Readable as the prediction is, and written by the triggers alone.
ALTER TABLE annual_prediction_owners ENABLE ROW LEVEL SECURITY;
ALTER TABLE quarterly_prediction_owners ENABLE ROW LEVEL SECURITY;
CREATE POLICY annual_prediction_owners_read ON annual_prediction_owners FOR SELECT TO accunode_server
  USING (EXISTS (SELECT FROM annual_predictions p WHERE p.id = prediction_id OFFSET 0));
CREATE POLICY quarterly_prediction_owners_read ON quarterly_prediction_owners FOR SELECT TO accunode_server
  USING (EXISTS (SELECT FROM quarterly_predictions p WHERE p.id = prediction_id OFFSET 0));
GRANT SELECT ON annual_prediction_owners, quarterly_prediction_owners TO accunode_server;
