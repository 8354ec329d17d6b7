-- Sums for dashboards. Statement triggers on the predictions append differences to a delta table:
-- they lock no shared row, so concurrent writers of one owner do not wait. One process at a time
-- merges (folds) them; the *_live views are rollup + deltas. There are no foreign keys: deleting an
-- organization writes here about the rows that it has just removed.

-- The bucket of a probability of default: 64 buckets, log-spaced over 1e-5 to 1, so that a median
-- can be computed from counts. Bucket b contains 10^(5b/64 - 5) to 10^(5(b+1)/64 - 5), and bucket 0
-- also everything below.
CREATE FUNCTION pd_bucket(pd double precision) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE
    WHEN pd > 1e-5::double precision THEN
      least(floor((ln(pd) - ln(1e-5::double precision)) / (0 - ln(1e-5::double precision)) * 64), 63)::smallint
    WHEN pd <= 1e-5::double precision THEN 0::smallint
  END;

CREATE TABLE annual_prediction_rollup (
  owner_key       UUID         NOT NULL,
  reporting_year  VARCHAR(4)   NOT NULL,
  sector          VARCHAR(100) NOT NULL,   -- of the company as of scoring
  risk_level      VARCHAR(10)  NOT NULL,
  pd_bucket       SMALLINT     NOT NULL CHECK (pd_bucket BETWEEN 0 AND 63),
  access_level    VARCHAR(20)  NOT NULL,   -- follows from the owner; the policy needs it
  n               BIGINT       NOT NULL,
  sum_probability NUMERIC      NOT NULL,
  sum_confidence  NUMERIC      NOT NULL,
  PRIMARY KEY (owner_key, reporting_year, sector, risk_level, pd_bucket)
);
CREATE TABLE quarterly_prediction_rollup (
  owner_key         UUID         NOT NULL,
  reporting_year    VARCHAR(4)   NOT NULL,
  reporting_quarter VARCHAR(2)   NOT NULL,
  sector            VARCHAR(100) NOT NULL,
  risk_level        VARCHAR(10)  NOT NULL,
  pd_bucket         SMALLINT     NOT NULL CHECK (pd_bucket BETWEEN 0 AND 63),
  access_level      VARCHAR(20)  NOT NULL,
  n                 BIGINT       NOT NULL,
  sum_ensemble      NUMERIC      NOT NULL,
  sum_logistic_dev  NUMERIC      NOT NULL,   -- of |logistic - ensemble|
  sum_gbm_dev       NUMERIC      NOT NULL,   -- of |gbm - ensemble|
  sum_confidence    NUMERIC      NOT NULL,
  PRIMARY KEY (owner_key, reporting_year, reporting_quarter, sector, risk_level, pd_bucket)
);
CREATE INDEX idx_annual_prediction_rollup_year ON annual_prediction_rollup (reporting_year) WHERE access_level <> 'personal';
CREATE INDEX idx_quarterly_prediction_rollup_year ON quarterly_prediction_rollup (reporting_year) WHERE access_level <> 'personal';

-- Emptied continuously, so vacuum early.
CREATE TABLE annual_prediction_rollup_delta (LIKE annual_prediction_rollup)
  WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE TABLE quarterly_prediction_rollup_delta (LIKE quarterly_prediction_rollup)
  WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX idx_annual_prediction_rollup_delta_owner ON annual_prediction_rollup_delta (owner_key);
CREATE INDEX idx_quarterly_prediction_rollup_delta_owner ON quarterly_prediction_rollup_delta (owner_key);

CREATE VIEW annual_prediction_rollup_live WITH (security_invoker) AS
  SELECT * FROM annual_prediction_rollup UNION ALL SELECT * FROM annual_prediction_rollup_delta;
CREATE VIEW quarterly_prediction_rollup_live WITH (security_invoker) AS
  SELECT * FROM quarterly_prediction_rollup UNION ALL SELECT * FROM quarterly_prediction_rollup_delta;

-- An update that changes no sum appends nothing.
CREATE FUNCTION annual_rollup_apply() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO annual_prediction_rollup_delta
    SELECT owner_key, reporting_year, company_sector, risk_level, pd_bucket(pd), min(access_level),
           count(*), sum(probability), sum(confidence)
      FROM new_rows GROUP BY 1, 2, 3, 4, 5;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO annual_prediction_rollup_delta
    SELECT owner_key, reporting_year, company_sector, risk_level, pd_bucket(pd), min(access_level),
           sum(s), sum(s * probability), sum(s * confidence)
      FROM (SELECT 1 AS s, owner_key, access_level, reporting_year, company_sector, risk_level, pd, probability, confidence FROM new_rows
            UNION ALL
            SELECT -1, owner_key, access_level, reporting_year, company_sector, risk_level, pd, probability, confidence FROM old_rows) d
     GROUP BY 1, 2, 3, 4, 5
    HAVING sum(s) <> 0 OR sum(s * probability) <> 0 OR sum(s * confidence) <> 0;
  ELSE
    INSERT INTO annual_prediction_rollup_delta
    SELECT owner_key, reporting_year, company_sector, risk_level, pd_bucket(pd), min(access_level),
           -count(*), -sum(probability), -sum(confidence)
      FROM old_rows GROUP BY 1, 2, 3, 4, 5;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION quarterly_rollup_apply() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO quarterly_prediction_rollup_delta
    SELECT owner_key, reporting_year, reporting_quarter, company_sector, risk_level, pd_bucket(pd), min(access_level),
           count(*), sum(ensemble_probability), sum(abs(logistic_probability - ensemble_probability)),
           sum(abs(gbm_probability - ensemble_probability)), sum(confidence)
      FROM new_rows GROUP BY 1, 2, 3, 4, 5, 6;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO quarterly_prediction_rollup_delta
    SELECT owner_key, reporting_year, reporting_quarter, company_sector, risk_level, pd_bucket(pd), min(access_level),
           sum(s), sum(s * e), sum(s * l), sum(s * g), sum(s * confidence)
      FROM (SELECT 1 AS s, owner_key, access_level, reporting_year, reporting_quarter, company_sector, risk_level, pd, confidence,
                   ensemble_probability AS e, abs(logistic_probability - ensemble_probability) AS l,
                   abs(gbm_probability - ensemble_probability) AS g FROM new_rows
            UNION ALL
            SELECT -1, owner_key, access_level, reporting_year, reporting_quarter, company_sector, risk_level, pd, confidence,
                   ensemble_probability, abs(logistic_probability - ensemble_probability),
                   abs(gbm_probability - ensemble_probability) FROM old_rows) d
     GROUP BY 1, 2, 3, 4, 5, 6
    HAVING sum(s) <> 0 OR sum(s * e) <> 0 OR sum(s * l) <> 0 OR sum(s * g) <> 0 OR sum(s * confidence) <> 0;
  ELSE
    INSERT INTO quarterly_prediction_rollup_delta
    SELECT owner_key, reporting_year, reporting_quarter, company_sector, risk_level, pd_bucket(pd), min(access_level),
           -count(*), -sum(ensemble_probability), -sum(abs(logistic_probability - ensemble_probability)),
           -sum(abs(gbm_probability - ensemble_probability)), -sum(confidence)
      FROM old_rows GROUP BY 1, 2, 3, 4, 5, 6;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER trg_annual_rollup_ins AFTER INSERT ON annual_predictions
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION annual_rollup_apply();
CREATE TRIGGER trg_annual_rollup_upd AFTER UPDATE ON annual_predictions
  REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION annual_rollup_apply();
CREATE TRIGGER trg_annual_rollup_del AFTER DELETE ON annual_predictions
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION annual_rollup_apply();
CREATE TRIGGER trg_quarterly_rollup_ins AFTER INSERT ON quarterly_predictions
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION quarterly_rollup_apply();
CREATE TRIGGER trg_quarterly_rollup_upd AFTER UPDATE ON quarterly_predictions
  REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION quarterly_rollup_apply();
CREATE TRIGGER trg_quarterly_rollup_del AFTER DELETE ON quarterly_predictions
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION quarterly_rollup_apply();

-- Merges up to `max_deltas` deltas of each kind and returns how many, or -1 while another call is
-- running. The only writer of the rollups. One transaction, so that readers of the live views never
-- see a delta twice or not at all.
CREATE FUNCTION fold_prediction_rollups(max_deltas int DEFAULT 20000)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  a int;
  q int;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('accunode.fold_rollups')) THEN
    RETURN -1;
  END IF;
  WITH d AS (
      DELETE FROM annual_prediction_rollup_delta
       WHERE ctid = ANY (ARRAY(SELECT ctid FROM annual_prediction_rollup_delta LIMIT max_deltas)) RETURNING *),
    folded AS (
      INSERT INTO annual_prediction_rollup AS r
      SELECT owner_key, reporting_year, sector, risk_level, pd_bucket, min(access_level),
             sum(n), sum(sum_probability), sum(sum_confidence)
        FROM d GROUP BY 1, 2, 3, 4, 5
      ON CONFLICT (owner_key, reporting_year, sector, risk_level, pd_bucket) DO UPDATE
         SET n = r.n + excluded.n, sum_probability = r.sum_probability + excluded.sum_probability,
             sum_confidence = r.sum_confidence + excluded.sum_confidence)
  SELECT count(*) INTO a FROM d;
  WITH d AS (
      DELETE FROM quarterly_prediction_rollup_delta
       WHERE ctid = ANY (ARRAY(SELECT ctid FROM quarterly_prediction_rollup_delta LIMIT max_deltas)) RETURNING *),
    folded AS (
      INSERT INTO quarterly_prediction_rollup AS r
      SELECT owner_key, reporting_year, reporting_quarter, sector, risk_level, pd_bucket, min(access_level),
             sum(n), sum(sum_ensemble), sum(sum_logistic_dev), sum(sum_gbm_dev), sum(sum_confidence)
        FROM d GROUP BY 1, 2, 3, 4, 5, 6
      ON CONFLICT (owner_key, reporting_year, reporting_quarter, sector, risk_level, pd_bucket) DO UPDATE
         SET n = r.n + excluded.n, sum_ensemble = r.sum_ensemble + excluded.sum_ensemble,
             sum_logistic_dev = r.sum_logistic_dev + excluded.sum_logistic_dev,
             sum_gbm_dev = r.sum_gbm_dev + excluded.sum_gbm_dev,
             sum_confidence = r.sum_confidence + excluded.sum_confidence)
  SELECT count(*) INTO q FROM d;
  RETURN a + q;
END $$;

-- Counts everything again. Writers wait in the meantime.
CREATE FUNCTION rebuild_prediction_rollups()
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('accunode.fold_rollups'));
  LOCK TABLE annual_predictions, quarterly_predictions IN SHARE ROW EXCLUSIVE MODE;
  DELETE FROM annual_prediction_rollup_delta;
  DELETE FROM quarterly_prediction_rollup_delta;
  DELETE FROM annual_prediction_rollup;
  DELETE FROM quarterly_prediction_rollup;
  INSERT INTO annual_prediction_rollup
  SELECT owner_key, reporting_year, company_sector, risk_level, pd_bucket(pd), min(access_level),
         count(*), sum(probability), sum(confidence)
    FROM annual_predictions GROUP BY 1, 2, 3, 4, 5;
  INSERT INTO quarterly_prediction_rollup
  SELECT owner_key, reporting_year, reporting_quarter, company_sector, risk_level, pd_bucket(pd), min(access_level),
         count(*), sum(ensemble_probability), sum(abs(logistic_probability - ensemble_probability)),
         sum(abs(gbm_probability - ensemble_probability)), sum(confidence)
    FROM quarterly_predictions GROUP BY 1, 2, 3, 4, 5, 6;
END $$;
