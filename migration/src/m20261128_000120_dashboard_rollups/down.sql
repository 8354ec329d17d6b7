-- The new functions also maintain the former sums, so nothing is counted again.
CREATE OR REPLACE FUNCTION annual_rollup_apply() RETURNS trigger
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

CREATE OR REPLACE FUNCTION quarterly_rollup_apply() RETURNS trigger
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

CREATE OR REPLACE FUNCTION fold_prediction_rollups(max_deltas int DEFAULT 20000)
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

CREATE OR REPLACE FUNCTION rebuild_prediction_rollups()
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

DROP FUNCTION fold_high_risk_companies(int), count_high_risk_companies(uuid[], int), high_risk_owners(uuid[]);
DROP TABLE high_risk_companies, high_risk_company_delta, high_risk_company_counts, high_risk_companies_shared,
  headline_rollup, sector_rollup;
DROP VIEW annual_prediction_rollup_live, quarterly_prediction_rollup_live;
ALTER TABLE annual_prediction_rollup DROP COLUMN sum_pd, DROP COLUMN n0, DROP COLUMN n1, DROP COLUMN n2, DROP COLUMN n3, DROP COLUMN n4, DROP COLUMN n5, DROP COLUMN n6, DROP COLUMN n7, DROP COLUMN n8, DROP COLUMN n9;
ALTER TABLE annual_prediction_rollup_delta DROP COLUMN sum_pd, DROP COLUMN n0, DROP COLUMN n1, DROP COLUMN n2, DROP COLUMN n3, DROP COLUMN n4, DROP COLUMN n5, DROP COLUMN n6, DROP COLUMN n7, DROP COLUMN n8, DROP COLUMN n9;
ALTER TABLE quarterly_prediction_rollup DROP COLUMN sum_pd, DROP COLUMN n0, DROP COLUMN n1, DROP COLUMN n2, DROP COLUMN n3, DROP COLUMN n4, DROP COLUMN n5, DROP COLUMN n6, DROP COLUMN n7, DROP COLUMN n8, DROP COLUMN n9;
ALTER TABLE quarterly_prediction_rollup_delta DROP COLUMN sum_pd, DROP COLUMN n0, DROP COLUMN n1, DROP COLUMN n2, DROP COLUMN n3, DROP COLUMN n4, DROP COLUMN n5, DROP COLUMN n6, DROP COLUMN n7, DROP COLUMN n8, DROP COLUMN n9;
CREATE VIEW annual_prediction_rollup_live WITH (security_invoker) AS
  SELECT * FROM annual_prediction_rollup UNION ALL SELECT * FROM annual_prediction_rollup_delta;
CREATE VIEW quarterly_prediction_rollup_live WITH (security_invoker) AS
  SELECT * FROM quarterly_prediction_rollup UNION ALL SELECT * FROM quarterly_prediction_rollup_delta;
GRANT SELECT ON annual_prediction_rollup_live, quarterly_prediction_rollup_live TO accunode_server;
DROP FUNCTION pd_tenth(double precision);
