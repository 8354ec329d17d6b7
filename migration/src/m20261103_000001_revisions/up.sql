-- Former values of predictions. Every update of a prediction, by any path, keeps them: a statement
-- trigger copies the old row whenever its PD, its model or its ratios as sent change.
-- (prediction_id, row_version) identifies a revision, so none can exist twice, and its index is the
-- list of one prediction, newest first. replaced_by and bulk_job_id have no foreign keys: the
-- history outlives the job, and users are never removed. `reason` is what differed, in this order:
-- the ratios as sent; the model; only its figures.

CREATE TABLE annual_prediction_revisions (
  prediction_id                   UUID             NOT NULL,
  row_version                     BIGINT           NOT NULL,
  probability                     DECIMAL(5,4)     NOT NULL,
  pd                              DOUBLE PRECISION NOT NULL,
  risk_level                      VARCHAR(10)      NOT NULL,
  confidence                      DECIMAL(5,4)     NOT NULL,
  predicted_at                    TIMESTAMPTZ      NOT NULL,
  model_name                      VARCHAR(60)      NOT NULL,
  model_version                   VARCHAR(40)      NOT NULL,
  model_sha256                    VARCHAR(64)      NOT NULL,
  long_term_debt_to_total_capital DECIMAL(8,4),
  total_debt_to_ebitda            DECIMAL(8,4),
  net_income_margin               DECIMAL(8,4),
  ebit_to_interest_expense        DECIMAL(8,4),
  return_on_assets                DECIMAL(8,4),
  raw_ratios                      JSONB            NOT NULL,
  flags                           TEXT[]           NOT NULL,
  replaced_at                     TIMESTAMPTZ      NOT NULL,
  replaced_by                     UUID,
  bulk_job_id                     UUID,
  reason                          VARCHAR(10)      NOT NULL CHECK (reason IN ('ratios', 'model', 'figures')),
  CONSTRAINT annual_prediction_revisions_pkey PRIMARY KEY (prediction_id, row_version),
  CONSTRAINT fk_annual_prediction_revisions_prediction FOREIGN KEY (prediction_id) REFERENCES annual_predictions (id) ON DELETE CASCADE
);

CREATE TABLE quarterly_prediction_revisions (
  prediction_id                   UUID             NOT NULL,
  row_version                     BIGINT           NOT NULL,
  logistic_probability            DECIMAL(5,4)     NOT NULL,
  gbm_probability                 DECIMAL(5,4)     NOT NULL,
  ensemble_probability            DECIMAL(5,4)     NOT NULL,
  pd                              DOUBLE PRECISION NOT NULL,
  risk_level                      VARCHAR(10)      NOT NULL,
  confidence                      DECIMAL(5,4)     NOT NULL,
  predicted_at                    TIMESTAMPTZ      NOT NULL,
  model_name                      VARCHAR(60)      NOT NULL,
  model_version                   VARCHAR(40)      NOT NULL,
  model_sha256                    VARCHAR(64)      NOT NULL,
  current_ratio                   DECIMAL(8,4),
  quick_ratio                     DECIMAL(8,4),
  debt_to_equity                  DECIMAL(8,4),
  inventory_turnover              DECIMAL(8,4),
  receivables_turnover            DECIMAL(8,4),
  working_capital_to_total_assets DECIMAL(8,4),
  raw_ratios                      JSONB            NOT NULL,
  flags                           TEXT[]           NOT NULL,
  replaced_at                     TIMESTAMPTZ      NOT NULL,
  replaced_by                     UUID,
  bulk_job_id                     UUID,
  reason                          VARCHAR(10)      NOT NULL CHECK (reason IN ('ratios', 'model', 'figures')),
  CONSTRAINT quarterly_prediction_revisions_pkey PRIMARY KEY (prediction_id, row_version),
  CONSTRAINT fk_quarterly_prediction_revisions_prediction FOREIGN KEY (prediction_id) REFERENCES quarterly_predictions (id) ON DELETE CASCADE
);

-- accunode.job_id: the job that a transaction works for.
CREATE FUNCTION actor_job() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('accunode.job_id', true), '')::uuid;

-- A trigger keeps the plan of its first call. A plan made for a single row would join two chunks of
-- some thousand rows by a nested loop, hence no nested loop.
CREATE FUNCTION annual_revisions_keep() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_nestloop = off AS $$
BEGIN
  INSERT INTO annual_prediction_revisions (prediction_id, row_version,
    probability, pd, risk_level, confidence, predicted_at, model_name, model_version, model_sha256,
    long_term_debt_to_total_capital, total_debt_to_ebitda, net_income_margin, ebit_to_interest_expense,
    return_on_assets, raw_ratios, flags,
    replaced_at, replaced_by, bulk_job_id, reason)
  SELECT o.id, o.row_version,
    o.probability, o.pd, o.risk_level, o.confidence, o.predicted_at, o.model_name, o.model_version,
    o.model_sha256, o.long_term_debt_to_total_capital, o.total_debt_to_ebitda, o.net_income_margin,
    o.ebit_to_interest_expense, o.return_on_assets, o.raw_ratios, o.flags,
    n.updated_at, actor_id(), actor_job(),
    CASE WHEN n.raw_ratios <> o.raw_ratios THEN 'ratios' WHEN (n.model_name, n.model_version, n.model_sha256) <> (o.model_name, o.model_version, o.model_sha256) THEN 'model' ELSE 'figures' END
    FROM old_rows o JOIN new_rows n ON n.id = o.id
   WHERE n.pd <> o.pd OR n.raw_ratios <> o.raw_ratios
      OR (n.model_name, n.model_version, n.model_sha256) <> (o.model_name, o.model_version, o.model_sha256);
  RETURN NULL;
END $$;
CREATE TRIGGER trg_annual_revisions AFTER UPDATE ON annual_predictions
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION annual_revisions_keep();
CREATE FUNCTION quarterly_revisions_keep() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_nestloop = off AS $$
BEGIN
  INSERT INTO quarterly_prediction_revisions (prediction_id, row_version,
    logistic_probability, gbm_probability, ensemble_probability, pd, risk_level, confidence, predicted_at,
    model_name, model_version, model_sha256, current_ratio, quick_ratio, debt_to_equity, inventory_turnover,
    receivables_turnover, working_capital_to_total_assets, raw_ratios, flags,
    replaced_at, replaced_by, bulk_job_id, reason)
  SELECT o.id, o.row_version,
    o.logistic_probability, o.gbm_probability, o.ensemble_probability, o.pd, o.risk_level, o.confidence,
    o.predicted_at, o.model_name, o.model_version, o.model_sha256, o.current_ratio, o.quick_ratio,
    o.debt_to_equity, o.inventory_turnover, o.receivables_turnover, o.working_capital_to_total_assets,
    o.raw_ratios, o.flags,
    n.updated_at, actor_id(), actor_job(),
    CASE WHEN n.raw_ratios <> o.raw_ratios THEN 'ratios' WHEN (n.model_name, n.model_version, n.model_sha256) <> (o.model_name, o.model_version, o.model_sha256) THEN 'model' ELSE 'figures' END
    FROM old_rows o JOIN new_rows n ON n.id = o.id
   WHERE n.pd <> o.pd OR n.raw_ratios <> o.raw_ratios
      OR (n.model_name, n.model_version, n.model_sha256) <> (o.model_name, o.model_version, o.model_sha256);
  RETURN NULL;
END $$;
CREATE TRIGGER trg_quarterly_revisions AFTER UPDATE ON quarterly_predictions
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION quarterly_revisions_keep();

-- A revision is readable if its prediction is: the policy checks this as the reader. There is no
-- policy and no grant for writing: the service role can only read the history.
ALTER TABLE annual_prediction_revisions ENABLE ROW LEVEL SECURITY;
ALTER TABLE quarterly_prediction_revisions ENABLE ROW LEVEL SECURITY;
CREATE POLICY annual_prediction_revisions_read ON annual_prediction_revisions FOR SELECT TO accunode_server
  USING (EXISTS (SELECT FROM annual_predictions p WHERE p.id = prediction_id));
CREATE POLICY quarterly_prediction_revisions_read ON quarterly_prediction_revisions FOR SELECT TO accunode_server
  USING (EXISTS (SELECT FROM quarterly_predictions p WHERE p.id = prediction_id));
GRANT SELECT ON annual_prediction_revisions, quarterly_prediction_revisions TO accunode_server;
