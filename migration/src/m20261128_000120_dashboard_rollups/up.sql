-- Dashboards read only sums, whatever the number of rows: the mean of `pd` itself, medians to
-- within one percent, and the companies with a high risk, which folding counts.

-- The tenth of a probability's bucket: together with `pd_bucket` there are 640 of them, each a
-- factor of 10^(5/640) = 1.018 wide.
CREATE FUNCTION pd_tenth(pd double precision) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE
    WHEN pd > 1e-5::double precision THEN
      greatest(least(floor((ln(pd) - ln(1e-5::double precision)) / (0 - ln(1e-5::double precision)) * 640)
        - 10 * pd_bucket(pd), 9), 0)::smallint
    WHEN pd <= 1e-5::double precision THEN 0::smallint
  END;
GRANT EXECUTE ON FUNCTION pd_tenth(double precision) TO accunode_server;

ALTER TABLE annual_prediction_rollup
  ADD COLUMN sum_pd NUMERIC NOT NULL DEFAULT 0,   -- to 12 decimals
  ADD COLUMN n0 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n1 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n2 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n3 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n4 BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN n5 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n6 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n7 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n8 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n9 BIGINT NOT NULL DEFAULT 0;
ALTER TABLE annual_prediction_rollup_delta
  ADD COLUMN sum_pd NUMERIC NOT NULL DEFAULT 0,   -- to 12 decimals
  ADD COLUMN n0 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n1 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n2 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n3 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n4 BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN n5 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n6 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n7 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n8 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n9 BIGINT NOT NULL DEFAULT 0;
ALTER TABLE quarterly_prediction_rollup
  ADD COLUMN sum_pd NUMERIC NOT NULL DEFAULT 0,   -- to 12 decimals
  ADD COLUMN n0 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n1 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n2 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n3 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n4 BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN n5 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n6 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n7 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n8 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n9 BIGINT NOT NULL DEFAULT 0;
ALTER TABLE quarterly_prediction_rollup_delta
  ADD COLUMN sum_pd NUMERIC NOT NULL DEFAULT 0,   -- to 12 decimals
  ADD COLUMN n0 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n1 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n2 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n3 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n4 BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN n5 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n6 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n7 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n8 BIGINT NOT NULL DEFAULT 0, ADD COLUMN n9 BIGINT NOT NULL DEFAULT 0;
CREATE OR REPLACE VIEW annual_prediction_rollup_live WITH (security_invoker) AS
  SELECT * FROM annual_prediction_rollup UNION ALL SELECT * FROM annual_prediction_rollup_delta;
CREATE OR REPLACE VIEW quarterly_prediction_rollup_live WITH (security_invoker) AS
  SELECT * FROM quarterly_prediction_rollup UNION ALL SELECT * FROM quarterly_prediction_rollup_delta;

-- The companies of which an owner has predictions with a high risk, by year, with the number of
-- predictions. Written only by folding.
CREATE TABLE high_risk_companies (
  kind           VARCHAR(9)  NOT NULL,
  company_id     UUID        NOT NULL,
  owner_key      UUID        NOT NULL,
  reporting_year VARCHAR(4)  NOT NULL,
  access_level   VARCHAR(20) NOT NULL,   -- follows from the owner; the policy needs it
  n              BIGINT      NOT NULL,   -- below 0 while the folder has seen the end before the beginning
  PRIMARY KEY (company_id, kind, owner_key, reporting_year)
);
-- The changes that the triggers have recorded since.
CREATE TABLE high_risk_company_delta (LIKE high_risk_companies)
  WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX idx_high_risk_company_delta_owner ON high_risk_company_delta (owner_key, kind);
-- The number of companies of only this owner, in a year or ('') in all years; companies of several
-- owners are in the second table one by one, so that a scope of several owners counts each of them
-- once.
CREATE TABLE high_risk_company_counts (
  kind           VARCHAR(9)  NOT NULL,
  owner_key      UUID        NOT NULL,
  reporting_year VARCHAR(4)  NOT NULL,
  access_level   VARCHAR(20) NOT NULL,
  n              BIGINT      NOT NULL,
  PRIMARY KEY (owner_key, kind, reporting_year)
);
CREATE TABLE high_risk_companies_shared (
  kind           VARCHAR(9)  NOT NULL,
  company_id     UUID        NOT NULL,
  owner_key      UUID        NOT NULL,
  reporting_year VARCHAR(4)  NOT NULL,
  access_level   VARCHAR(20) NOT NULL,
  PRIMARY KEY (owner_key, kind, reporting_year, company_id)
);
CREATE INDEX idx_high_risk_companies_shared_company ON high_risk_companies_shared (company_id);

-- The rollups in coarser groups, of a year or ('') of all years: a headline has some fifty rows per
-- owner, and a distribution by sector some thirty. Changes that are not folded yet are in the
-- rollups' own deltas.
CREATE TABLE headline_rollup (
  kind           VARCHAR(9)  NOT NULL,
  owner_key      UUID        NOT NULL,
  reporting_year VARCHAR(4)  NOT NULL,
  pd_bucket      SMALLINT    NOT NULL,
  access_level   VARCHAR(20) NOT NULL,
  n              BIGINT      NOT NULL,
  high           BIGINT      NOT NULL,
  sum_pd         NUMERIC     NOT NULL,
  n0             BIGINT      NOT NULL,
  n1             BIGINT      NOT NULL,
  n2             BIGINT      NOT NULL,
  n3             BIGINT      NOT NULL,
  n4             BIGINT      NOT NULL,
  n5             BIGINT      NOT NULL,
  n6             BIGINT      NOT NULL,
  n7             BIGINT      NOT NULL,
  n8             BIGINT      NOT NULL,
  n9             BIGINT      NOT NULL,
  PRIMARY KEY (owner_key, kind, reporting_year, pd_bucket)
);
CREATE TABLE sector_rollup (
  kind           VARCHAR(9)   NOT NULL,
  owner_key      UUID         NOT NULL,
  reporting_year VARCHAR(4)   NOT NULL,
  sector         VARCHAR(100) NOT NULL,
  risk_level     VARCHAR(10)  NOT NULL,
  access_level   VARCHAR(20)  NOT NULL,
  n              BIGINT       NOT NULL,
  PRIMARY KEY (owner_key, kind, reporting_year, sector, risk_level)
);

GRANT SELECT ON high_risk_companies, high_risk_company_delta, high_risk_company_counts, high_risk_companies_shared,
  headline_rollup, sector_rollup TO accunode_server;
DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['high_risk_companies', 'high_risk_company_delta',
                           'high_risk_company_counts', 'high_risk_companies_shared',
                           'headline_rollup', 'sector_rollup'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format($p$ CREATE POLICY %1$s_read ON %1$I FOR SELECT TO accunode_server USING (
        owner_key = ANY ((SELECT actor_owner_keys())::uuid[])
        OR (access_level <> 'personal' AND (SELECT actor_is_super()))) $p$, t);
  END LOOP;
END $$;

-- An update that changes no sum appends nothing. OFFSET 0: a bucket is computed once a row.

CREATE OR REPLACE FUNCTION annual_rollup_apply() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO annual_prediction_rollup_delta
      (owner_key, reporting_year, sector, risk_level, pd_bucket, access_level, n, sum_probability, sum_confidence, sum_pd, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9)
    SELECT owner_key, reporting_year, company_sector, risk_level, b, min(access_level), count(*), sum(probability), sum(confidence),
           sum(round(pd * 1e12)::bigint) * 1e-12,
           count(*) FILTER (WHERE t = 0), count(*) FILTER (WHERE t = 1), count(*) FILTER (WHERE t = 2), count(*) FILTER (WHERE t = 3), count(*) FILTER (WHERE t = 4),
           count(*) FILTER (WHERE t = 5), count(*) FILTER (WHERE t = 6), count(*) FILTER (WHERE t = 7), count(*) FILTER (WHERE t = 8), count(*) FILTER (WHERE t = 9)
      FROM (SELECT owner_key, access_level, reporting_year, company_sector, risk_level, pd, probability, confidence, pd_bucket(pd) AS b, pd_tenth(pd) AS t
              FROM new_rows OFFSET 0) d
     GROUP BY owner_key, reporting_year, company_sector, risk_level, b;
    INSERT INTO high_risk_company_delta (kind, company_id, owner_key, reporting_year, access_level, n)
    SELECT 'annual', company_id, owner_key, reporting_year, min(access_level), count(*)
      FROM new_rows WHERE risk_level = 'High' GROUP BY 2, 3, 4;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO annual_prediction_rollup_delta
      (owner_key, reporting_year, sector, risk_level, pd_bucket, access_level, n, sum_probability, sum_confidence, sum_pd, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9)
    SELECT owner_key, reporting_year, company_sector, risk_level, b, min(access_level), sum(s), sum(s * probability), sum(s * confidence),
           sum(s * round(pd * 1e12)::bigint) * 1e-12,
           coalesce(sum(s) FILTER (WHERE t = 0), 0), coalesce(sum(s) FILTER (WHERE t = 1), 0), coalesce(sum(s) FILTER (WHERE t = 2), 0), coalesce(sum(s) FILTER (WHERE t = 3), 0), coalesce(sum(s) FILTER (WHERE t = 4), 0),
           coalesce(sum(s) FILTER (WHERE t = 5), 0), coalesce(sum(s) FILTER (WHERE t = 6), 0), coalesce(sum(s) FILTER (WHERE t = 7), 0), coalesce(sum(s) FILTER (WHERE t = 8), 0), coalesce(sum(s) FILTER (WHERE t = 9), 0)
      FROM (((SELECT 1 AS s, owner_key, access_level, reporting_year, company_sector, risk_level, pd, probability, confidence, pd_bucket(pd) AS b, pd_tenth(pd) AS t
              FROM new_rows OFFSET 0)
            UNION ALL
            (SELECT -1, owner_key, access_level, reporting_year, company_sector, risk_level, pd, probability, confidence, pd_bucket(pd) AS b, pd_tenth(pd) AS t
              FROM old_rows OFFSET 0))) d
     GROUP BY owner_key, reporting_year, company_sector, risk_level, b
    HAVING sum(s) <> 0 OR sum(s * probability) <> 0 OR sum(s * confidence) <> 0 OR sum(s * round(pd * 1e12)::bigint) <> 0
        OR sum(s) FILTER (WHERE t = 0) <> 0 OR sum(s) FILTER (WHERE t = 1) <> 0 OR sum(s) FILTER (WHERE t = 2) <> 0 OR sum(s) FILTER (WHERE t = 3) <> 0 OR sum(s) FILTER (WHERE t = 4) <> 0
        OR sum(s) FILTER (WHERE t = 5) <> 0 OR sum(s) FILTER (WHERE t = 6) <> 0 OR sum(s) FILTER (WHERE t = 7) <> 0 OR sum(s) FILTER (WHERE t = 8) <> 0 OR sum(s) FILTER (WHERE t = 9) <> 0;
    INSERT INTO high_risk_company_delta (kind, company_id, owner_key, reporting_year, access_level, n)
    SELECT 'annual', company_id, owner_key, reporting_year, min(access_level), sum(s)
      FROM (SELECT 1 AS s, company_id, owner_key, reporting_year, access_level FROM new_rows WHERE risk_level = 'High'
            UNION ALL
            SELECT -1, company_id, owner_key, reporting_year, access_level FROM old_rows WHERE risk_level = 'High') d
     GROUP BY 2, 3, 4
    HAVING sum(s) <> 0;
  ELSE
    INSERT INTO annual_prediction_rollup_delta
      (owner_key, reporting_year, sector, risk_level, pd_bucket, access_level, n, sum_probability, sum_confidence, sum_pd, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9)
    SELECT owner_key, reporting_year, company_sector, risk_level, b, min(access_level), -count(*), -sum(probability), -sum(confidence),
           -sum(round(pd * 1e12)::bigint) * 1e-12,
           -count(*) FILTER (WHERE t = 0), -count(*) FILTER (WHERE t = 1), -count(*) FILTER (WHERE t = 2), -count(*) FILTER (WHERE t = 3), -count(*) FILTER (WHERE t = 4),
           -count(*) FILTER (WHERE t = 5), -count(*) FILTER (WHERE t = 6), -count(*) FILTER (WHERE t = 7), -count(*) FILTER (WHERE t = 8), -count(*) FILTER (WHERE t = 9)
      FROM (SELECT owner_key, access_level, reporting_year, company_sector, risk_level, pd, probability, confidence, pd_bucket(pd) AS b, pd_tenth(pd) AS t
              FROM old_rows OFFSET 0) d
     GROUP BY owner_key, reporting_year, company_sector, risk_level, b;
    INSERT INTO high_risk_company_delta (kind, company_id, owner_key, reporting_year, access_level, n)
    SELECT 'annual', company_id, owner_key, reporting_year, min(access_level), -count(*)
      FROM old_rows WHERE risk_level = 'High' GROUP BY 2, 3, 4;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION quarterly_rollup_apply() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO quarterly_prediction_rollup_delta
      (owner_key, reporting_year, reporting_quarter, sector, risk_level, pd_bucket, access_level, n, sum_ensemble, sum_logistic_dev, sum_gbm_dev, sum_confidence, sum_pd, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9)
    SELECT owner_key, reporting_year, reporting_quarter, company_sector, risk_level, b, min(access_level), count(*), sum(e), sum(l), sum(g), sum(confidence),
           sum(round(pd * 1e12)::bigint) * 1e-12,
           count(*) FILTER (WHERE t = 0), count(*) FILTER (WHERE t = 1), count(*) FILTER (WHERE t = 2), count(*) FILTER (WHERE t = 3), count(*) FILTER (WHERE t = 4),
           count(*) FILTER (WHERE t = 5), count(*) FILTER (WHERE t = 6), count(*) FILTER (WHERE t = 7), count(*) FILTER (WHERE t = 8), count(*) FILTER (WHERE t = 9)
      FROM (SELECT owner_key, access_level, reporting_year, reporting_quarter, company_sector, risk_level, pd, ensemble_probability AS e, abs(logistic_probability - ensemble_probability) AS l, abs(gbm_probability - ensemble_probability) AS g, confidence, pd_bucket(pd) AS b, pd_tenth(pd) AS t
              FROM new_rows OFFSET 0) d
     GROUP BY owner_key, reporting_year, reporting_quarter, company_sector, risk_level, b;
    INSERT INTO high_risk_company_delta (kind, company_id, owner_key, reporting_year, access_level, n)
    SELECT 'quarterly', company_id, owner_key, reporting_year, min(access_level), count(*)
      FROM new_rows WHERE risk_level = 'High' GROUP BY 2, 3, 4;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO quarterly_prediction_rollup_delta
      (owner_key, reporting_year, reporting_quarter, sector, risk_level, pd_bucket, access_level, n, sum_ensemble, sum_logistic_dev, sum_gbm_dev, sum_confidence, sum_pd, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9)
    SELECT owner_key, reporting_year, reporting_quarter, company_sector, risk_level, b, min(access_level), sum(s), sum(s * e), sum(s * l), sum(s * g), sum(s * confidence),
           sum(s * round(pd * 1e12)::bigint) * 1e-12,
           coalesce(sum(s) FILTER (WHERE t = 0), 0), coalesce(sum(s) FILTER (WHERE t = 1), 0), coalesce(sum(s) FILTER (WHERE t = 2), 0), coalesce(sum(s) FILTER (WHERE t = 3), 0), coalesce(sum(s) FILTER (WHERE t = 4), 0),
           coalesce(sum(s) FILTER (WHERE t = 5), 0), coalesce(sum(s) FILTER (WHERE t = 6), 0), coalesce(sum(s) FILTER (WHERE t = 7), 0), coalesce(sum(s) FILTER (WHERE t = 8), 0), coalesce(sum(s) FILTER (WHERE t = 9), 0)
      FROM (((SELECT 1 AS s, owner_key, access_level, reporting_year, reporting_quarter, company_sector, risk_level, pd, ensemble_probability AS e, abs(logistic_probability - ensemble_probability) AS l, abs(gbm_probability - ensemble_probability) AS g, confidence, pd_bucket(pd) AS b, pd_tenth(pd) AS t
              FROM new_rows OFFSET 0)
            UNION ALL
            (SELECT -1, owner_key, access_level, reporting_year, reporting_quarter, company_sector, risk_level, pd, ensemble_probability AS e, abs(logistic_probability - ensemble_probability) AS l, abs(gbm_probability - ensemble_probability) AS g, confidence, pd_bucket(pd) AS b, pd_tenth(pd) AS t
              FROM old_rows OFFSET 0))) d
     GROUP BY owner_key, reporting_year, reporting_quarter, company_sector, risk_level, b
    HAVING sum(s) <> 0 OR sum(s * e) <> 0 OR sum(s * l) <> 0 OR sum(s * g) <> 0 OR sum(s * confidence) <> 0 OR sum(s * round(pd * 1e12)::bigint) <> 0
        OR sum(s) FILTER (WHERE t = 0) <> 0 OR sum(s) FILTER (WHERE t = 1) <> 0 OR sum(s) FILTER (WHERE t = 2) <> 0 OR sum(s) FILTER (WHERE t = 3) <> 0 OR sum(s) FILTER (WHERE t = 4) <> 0
        OR sum(s) FILTER (WHERE t = 5) <> 0 OR sum(s) FILTER (WHERE t = 6) <> 0 OR sum(s) FILTER (WHERE t = 7) <> 0 OR sum(s) FILTER (WHERE t = 8) <> 0 OR sum(s) FILTER (WHERE t = 9) <> 0;
    INSERT INTO high_risk_company_delta (kind, company_id, owner_key, reporting_year, access_level, n)
    SELECT 'quarterly', company_id, owner_key, reporting_year, min(access_level), sum(s)
      FROM (SELECT 1 AS s, company_id, owner_key, reporting_year, access_level FROM new_rows WHERE risk_level = 'High'
            UNION ALL
            SELECT -1, company_id, owner_key, reporting_year, access_level FROM old_rows WHERE risk_level = 'High') d
     GROUP BY 2, 3, 4
    HAVING sum(s) <> 0;
  ELSE
    INSERT INTO quarterly_prediction_rollup_delta
      (owner_key, reporting_year, reporting_quarter, sector, risk_level, pd_bucket, access_level, n, sum_ensemble, sum_logistic_dev, sum_gbm_dev, sum_confidence, sum_pd, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9)
    SELECT owner_key, reporting_year, reporting_quarter, company_sector, risk_level, b, min(access_level), -count(*), -sum(e), -sum(l), -sum(g), -sum(confidence),
           -sum(round(pd * 1e12)::bigint) * 1e-12,
           -count(*) FILTER (WHERE t = 0), -count(*) FILTER (WHERE t = 1), -count(*) FILTER (WHERE t = 2), -count(*) FILTER (WHERE t = 3), -count(*) FILTER (WHERE t = 4),
           -count(*) FILTER (WHERE t = 5), -count(*) FILTER (WHERE t = 6), -count(*) FILTER (WHERE t = 7), -count(*) FILTER (WHERE t = 8), -count(*) FILTER (WHERE t = 9)
      FROM (SELECT owner_key, access_level, reporting_year, reporting_quarter, company_sector, risk_level, pd, ensemble_probability AS e, abs(logistic_probability - ensemble_probability) AS l, abs(gbm_probability - ensemble_probability) AS g, confidence, pd_bucket(pd) AS b, pd_tenth(pd) AS t
              FROM old_rows OFFSET 0) d
     GROUP BY owner_key, reporting_year, reporting_quarter, company_sector, risk_level, b;
    INSERT INTO high_risk_company_delta (kind, company_id, owner_key, reporting_year, access_level, n)
    SELECT 'quarterly', company_id, owner_key, reporting_year, min(access_level), -count(*)
      FROM old_rows WHERE risk_level = 'High' GROUP BY 2, 3, 4;
  END IF;
  RETURN NULL;
END $$;

-- The owners of each of these companies: by year, and ('') in any year.
CREATE FUNCTION high_risk_owners(companies uuid[])
RETURNS TABLE (kind varchar, company_id uuid, owner_key uuid, reporting_year varchar, access_level varchar)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT h.kind, h.company_id, h.owner_key, h.reporting_year, h.access_level
    FROM high_risk_companies h WHERE h.company_id = ANY (companies) AND h.n > 0
  UNION ALL
  SELECT DISTINCT h.kind, h.company_id, h.owner_key, '', h.access_level
    FROM high_risk_companies h WHERE h.company_id = ANY (companies) AND h.n > 0
$$;

-- Adds these companies to the counts (sign 1), or removes them (-1).
CREATE FUNCTION count_high_risk_companies(companies uuid[], sign int)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO high_risk_company_counts AS c (kind, owner_key, reporting_year, access_level, n)
  SELECT o.kind, o.owner_key, o.reporting_year, min(o.access_level), sign * count(*)
    FROM (SELECT h.kind, h.reporting_year, (array_agg(h.owner_key))[1] AS owner_key, min(h.access_level) AS access_level
            FROM high_risk_owners(companies) h
           GROUP BY h.kind, h.company_id, h.reporting_year
          HAVING count(*) = 1) o
   GROUP BY o.kind, o.owner_key, o.reporting_year
  ON CONFLICT (owner_key, kind, reporting_year) DO UPDATE SET n = c.n + excluded.n;
  IF sign < 0 THEN
    DELETE FROM high_risk_companies_shared s WHERE s.company_id = ANY (companies);
  ELSE
    INSERT INTO high_risk_companies_shared (kind, company_id, owner_key, reporting_year, access_level)
    SELECT o.kind, o.company_id, o.owner_key, o.reporting_year, o.access_level
      FROM (SELECT h.*, count(*) OVER (PARTITION BY h.kind, h.company_id, h.reporting_year) AS owners
              FROM high_risk_owners(companies) h) o
     WHERE o.owners > 1;
  END IF;
END $$;

-- Merges up to `max_deltas` recorded changes of high risks, and returns how many.
CREATE FUNCTION fold_high_risk_companies(max_deltas int)
RETURNS int LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  batch tid[];
  touched uuid[];
BEGIN
  SELECT array_agg(d.ctid), array_agg(DISTINCT d.company_id) INTO batch, touched
    FROM (SELECT h.ctid, h.company_id FROM high_risk_company_delta h LIMIT max_deltas) d;
  IF batch IS NULL THEN
    RETURN 0;
  END IF;
  PERFORM count_high_risk_companies(touched, -1);
  WITH d AS (DELETE FROM high_risk_company_delta WHERE ctid = ANY (batch) RETURNING *)
  INSERT INTO high_risk_companies AS r (kind, company_id, owner_key, reporting_year, access_level, n)
  SELECT kind, company_id, owner_key, reporting_year, min(access_level), sum(n) FROM d GROUP BY 1, 2, 3, 4
  ON CONFLICT (company_id, kind, owner_key, reporting_year) DO UPDATE SET n = r.n + excluded.n;
  DELETE FROM high_risk_companies WHERE company_id = ANY (touched) AND n = 0;
  PERFORM count_high_risk_companies(touched, 1);
  RETURN cardinality(batch);
END $$;

-- Merges up to `max_deltas` deltas of each kind and returns how many, or -1 while another call is
-- running. The only writer of the rollups. One transaction, so that readers of the live views never
-- see a delta twice or not at all.
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
        (owner_key, reporting_year, sector, risk_level, pd_bucket, access_level, n, sum_probability, sum_confidence, sum_pd, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9)
      SELECT owner_key, reporting_year, sector, risk_level, pd_bucket, min(access_level),
             sum(n), sum(sum_probability), sum(sum_confidence), sum(sum_pd),
             sum(n0), sum(n1), sum(n2), sum(n3), sum(n4), sum(n5), sum(n6), sum(n7), sum(n8), sum(n9)
        FROM d GROUP BY 1, 2, 3, 4, 5
      ON CONFLICT (owner_key, reporting_year, sector, risk_level, pd_bucket) DO UPDATE
         SET n = r.n + excluded.n,
             sum_probability = r.sum_probability + excluded.sum_probability,
             sum_confidence = r.sum_confidence + excluded.sum_confidence,
             sum_pd = r.sum_pd + excluded.sum_pd,
             n0 = r.n0 + excluded.n0, n1 = r.n1 + excluded.n1, n2 = r.n2 + excluded.n2, n3 = r.n3 + excluded.n3, n4 = r.n4 + excluded.n4,
             n5 = r.n5 + excluded.n5, n6 = r.n6 + excluded.n6, n7 = r.n7 + excluded.n7, n8 = r.n8 + excluded.n8, n9 = r.n9 + excluded.n9),
    headlines AS (
      INSERT INTO headline_rollup AS r (kind, owner_key, reporting_year, pd_bucket, access_level, n, high, sum_pd,
        n0, n1, n2, n3, n4, n5, n6, n7, n8, n9)
      SELECT 'annual', owner_key, y, pd_bucket, min(access_level), sum(n), coalesce(sum(n) FILTER (WHERE risk_level = 'High'), 0), sum(sum_pd),
             sum(n0), sum(n1), sum(n2), sum(n3), sum(n4), sum(n5), sum(n6), sum(n7), sum(n8), sum(n9)
        FROM d CROSS JOIN LATERAL (VALUES (reporting_year), ('')) v (y) GROUP BY 2, 3, 4
      ON CONFLICT (owner_key, kind, reporting_year, pd_bucket) DO UPDATE
         SET n = r.n + excluded.n, high = r.high + excluded.high, sum_pd = r.sum_pd + excluded.sum_pd,
             n0 = r.n0 + excluded.n0, n1 = r.n1 + excluded.n1, n2 = r.n2 + excluded.n2, n3 = r.n3 + excluded.n3, n4 = r.n4 + excluded.n4,
             n5 = r.n5 + excluded.n5, n6 = r.n6 + excluded.n6, n7 = r.n7 + excluded.n7, n8 = r.n8 + excluded.n8, n9 = r.n9 + excluded.n9),
    sectors AS (
      INSERT INTO sector_rollup AS r (kind, owner_key, reporting_year, sector, risk_level, access_level, n)
      SELECT 'annual', owner_key, y, sector, risk_level, min(access_level), sum(n)
        FROM d CROSS JOIN LATERAL (VALUES (reporting_year), ('')) v (y) GROUP BY 2, 3, 4, 5
      ON CONFLICT (owner_key, kind, reporting_year, sector, risk_level) DO UPDATE SET n = r.n + excluded.n)
  SELECT count(*) INTO a FROM d;
  WITH d AS (
      DELETE FROM quarterly_prediction_rollup_delta
       WHERE ctid = ANY (ARRAY(SELECT ctid FROM quarterly_prediction_rollup_delta LIMIT max_deltas)) RETURNING *),
    folded AS (
      INSERT INTO quarterly_prediction_rollup AS r
        (owner_key, reporting_year, reporting_quarter, sector, risk_level, pd_bucket, access_level, n, sum_ensemble, sum_logistic_dev, sum_gbm_dev, sum_confidence, sum_pd, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9)
      SELECT owner_key, reporting_year, reporting_quarter, sector, risk_level, pd_bucket, min(access_level),
             sum(n), sum(sum_ensemble), sum(sum_logistic_dev), sum(sum_gbm_dev), sum(sum_confidence), sum(sum_pd),
             sum(n0), sum(n1), sum(n2), sum(n3), sum(n4), sum(n5), sum(n6), sum(n7), sum(n8), sum(n9)
        FROM d GROUP BY 1, 2, 3, 4, 5, 6
      ON CONFLICT (owner_key, reporting_year, reporting_quarter, sector, risk_level, pd_bucket) DO UPDATE
         SET n = r.n + excluded.n,
             sum_ensemble = r.sum_ensemble + excluded.sum_ensemble,
             sum_logistic_dev = r.sum_logistic_dev + excluded.sum_logistic_dev,
             sum_gbm_dev = r.sum_gbm_dev + excluded.sum_gbm_dev,
             sum_confidence = r.sum_confidence + excluded.sum_confidence,
             sum_pd = r.sum_pd + excluded.sum_pd,
             n0 = r.n0 + excluded.n0, n1 = r.n1 + excluded.n1, n2 = r.n2 + excluded.n2, n3 = r.n3 + excluded.n3, n4 = r.n4 + excluded.n4,
             n5 = r.n5 + excluded.n5, n6 = r.n6 + excluded.n6, n7 = r.n7 + excluded.n7, n8 = r.n8 + excluded.n8, n9 = r.n9 + excluded.n9),
    headlines AS (
      INSERT INTO headline_rollup AS r (kind, owner_key, reporting_year, pd_bucket, access_level, n, high, sum_pd,
        n0, n1, n2, n3, n4, n5, n6, n7, n8, n9)
      SELECT 'quarterly', owner_key, y, pd_bucket, min(access_level), sum(n), coalesce(sum(n) FILTER (WHERE risk_level = 'High'), 0), sum(sum_pd),
             sum(n0), sum(n1), sum(n2), sum(n3), sum(n4), sum(n5), sum(n6), sum(n7), sum(n8), sum(n9)
        FROM d CROSS JOIN LATERAL (VALUES (reporting_year), ('')) v (y) GROUP BY 2, 3, 4
      ON CONFLICT (owner_key, kind, reporting_year, pd_bucket) DO UPDATE
         SET n = r.n + excluded.n, high = r.high + excluded.high, sum_pd = r.sum_pd + excluded.sum_pd,
             n0 = r.n0 + excluded.n0, n1 = r.n1 + excluded.n1, n2 = r.n2 + excluded.n2, n3 = r.n3 + excluded.n3, n4 = r.n4 + excluded.n4,
             n5 = r.n5 + excluded.n5, n6 = r.n6 + excluded.n6, n7 = r.n7 + excluded.n7, n8 = r.n8 + excluded.n8, n9 = r.n9 + excluded.n9),
    sectors AS (
      INSERT INTO sector_rollup AS r (kind, owner_key, reporting_year, sector, risk_level, access_level, n)
      SELECT 'quarterly', owner_key, y, sector, risk_level, min(access_level), sum(n)
        FROM d CROSS JOIN LATERAL (VALUES (reporting_year), ('')) v (y) GROUP BY 2, 3, 4, 5
      ON CONFLICT (owner_key, kind, reporting_year, sector, risk_level) DO UPDATE SET n = r.n + excluded.n)
  SELECT count(*) INTO q FROM d;
  RETURN a + q + fold_high_risk_companies(max_deltas);
END $$;

-- Counts everything again and appends the differences, while others write: each statement reads
-- rows and sums in one snapshot, and folding is locked out.
CREATE OR REPLACE FUNCTION rebuild_prediction_rollups()
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('accunode.fold_rollups'));

  INSERT INTO annual_prediction_rollup_delta
    (owner_key, reporting_year, sector, risk_level, pd_bucket, access_level, n, sum_probability, sum_confidence, sum_pd, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9)
  SELECT owner_key, reporting_year, sector, risk_level, pd_bucket, min(access_level),
         sum(n), sum(sum_probability), sum(sum_confidence), sum(sum_pd),
         sum(n0), sum(n1), sum(n2), sum(n3), sum(n4), sum(n5), sum(n6), sum(n7), sum(n8), sum(n9)
    FROM (SELECT owner_key, reporting_year, company_sector AS sector, risk_level, b AS pd_bucket, access_level, 1 AS n,
                 probability AS sum_probability, confidence AS sum_confidence, round(pd * 1e12)::bigint * 1e-12 AS sum_pd,
                 (t = 0)::int AS n0, (t = 1)::int AS n1, (t = 2)::int AS n2, (t = 3)::int AS n3, (t = 4)::int AS n4, (t = 5)::int AS n5, (t = 6)::int AS n6, (t = 7)::int AS n7, (t = 8)::int AS n8, (t = 9)::int AS n9
            FROM (SELECT owner_key, access_level, reporting_year, company_sector, risk_level, pd, probability, confidence, pd_bucket(pd) AS b, pd_tenth(pd) AS t
                    FROM annual_predictions OFFSET 0) p
          UNION ALL
          SELECT owner_key, reporting_year, sector, risk_level, pd_bucket, access_level,
                 -n, -sum_probability, -sum_confidence, -sum_pd, -n0, -n1, -n2, -n3, -n4, -n5, -n6, -n7, -n8, -n9
            FROM annual_prediction_rollup_live) d
   GROUP BY owner_key, reporting_year, sector, risk_level, pd_bucket
  HAVING sum(n) <> 0 OR sum(sum_probability) <> 0 OR sum(sum_confidence) <> 0 OR sum(sum_pd) <> 0 OR sum(n0) <> 0 OR sum(n1) <> 0 OR sum(n2) <> 0 OR sum(n3) <> 0 OR sum(n4) <> 0 OR sum(n5) <> 0 OR sum(n6) <> 0 OR sum(n7) <> 0 OR sum(n8) <> 0 OR sum(n9) <> 0;
  INSERT INTO quarterly_prediction_rollup_delta
    (owner_key, reporting_year, reporting_quarter, sector, risk_level, pd_bucket, access_level, n, sum_ensemble, sum_logistic_dev, sum_gbm_dev, sum_confidence, sum_pd, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9)
  SELECT owner_key, reporting_year, reporting_quarter, sector, risk_level, pd_bucket, min(access_level),
         sum(n), sum(sum_ensemble), sum(sum_logistic_dev), sum(sum_gbm_dev), sum(sum_confidence), sum(sum_pd),
         sum(n0), sum(n1), sum(n2), sum(n3), sum(n4), sum(n5), sum(n6), sum(n7), sum(n8), sum(n9)
    FROM (SELECT owner_key, reporting_year, reporting_quarter, company_sector AS sector, risk_level, b AS pd_bucket, access_level, 1 AS n,
                 e AS sum_ensemble, l AS sum_logistic_dev, g AS sum_gbm_dev, confidence AS sum_confidence, round(pd * 1e12)::bigint * 1e-12 AS sum_pd,
                 (t = 0)::int AS n0, (t = 1)::int AS n1, (t = 2)::int AS n2, (t = 3)::int AS n3, (t = 4)::int AS n4, (t = 5)::int AS n5, (t = 6)::int AS n6, (t = 7)::int AS n7, (t = 8)::int AS n8, (t = 9)::int AS n9
            FROM (SELECT owner_key, access_level, reporting_year, reporting_quarter, company_sector, risk_level, pd, ensemble_probability AS e, abs(logistic_probability - ensemble_probability) AS l, abs(gbm_probability - ensemble_probability) AS g, confidence, pd_bucket(pd) AS b, pd_tenth(pd) AS t
                    FROM quarterly_predictions OFFSET 0) p
          UNION ALL
          SELECT owner_key, reporting_year, reporting_quarter, sector, risk_level, pd_bucket, access_level,
                 -n, -sum_ensemble, -sum_logistic_dev, -sum_gbm_dev, -sum_confidence, -sum_pd, -n0, -n1, -n2, -n3, -n4, -n5, -n6, -n7, -n8, -n9
            FROM quarterly_prediction_rollup_live) d
   GROUP BY owner_key, reporting_year, reporting_quarter, sector, risk_level, pd_bucket
  HAVING sum(n) <> 0 OR sum(sum_ensemble) <> 0 OR sum(sum_logistic_dev) <> 0 OR sum(sum_gbm_dev) <> 0 OR sum(sum_confidence) <> 0 OR sum(sum_pd) <> 0 OR sum(n0) <> 0 OR sum(n1) <> 0 OR sum(n2) <> 0 OR sum(n3) <> 0 OR sum(n4) <> 0 OR sum(n5) <> 0 OR sum(n6) <> 0 OR sum(n7) <> 0 OR sum(n8) <> 0 OR sum(n9) <> 0;
  DELETE FROM headline_rollup;
  DELETE FROM sector_rollup;

  INSERT INTO headline_rollup (kind, owner_key, reporting_year, pd_bucket, access_level, n, high, sum_pd,
    n0, n1, n2, n3, n4, n5, n6, n7, n8, n9)
  SELECT 'annual', owner_key, y, pd_bucket, min(access_level), sum(n), coalesce(sum(n) FILTER (WHERE risk_level = 'High'), 0), sum(sum_pd),
         sum(n0), sum(n1), sum(n2), sum(n3), sum(n4), sum(n5), sum(n6), sum(n7), sum(n8), sum(n9)
    FROM annual_prediction_rollup CROSS JOIN LATERAL (VALUES (reporting_year), ('')) v (y) GROUP BY 2, 3, 4;
  INSERT INTO sector_rollup (kind, owner_key, reporting_year, sector, risk_level, access_level, n)
  SELECT 'annual', owner_key, y, sector, risk_level, min(access_level), sum(n)
    FROM annual_prediction_rollup CROSS JOIN LATERAL (VALUES (reporting_year), ('')) v (y) GROUP BY 2, 3, 4, 5;
  INSERT INTO headline_rollup (kind, owner_key, reporting_year, pd_bucket, access_level, n, high, sum_pd,
    n0, n1, n2, n3, n4, n5, n6, n7, n8, n9)
  SELECT 'quarterly', owner_key, y, pd_bucket, min(access_level), sum(n), coalesce(sum(n) FILTER (WHERE risk_level = 'High'), 0), sum(sum_pd),
         sum(n0), sum(n1), sum(n2), sum(n3), sum(n4), sum(n5), sum(n6), sum(n7), sum(n8), sum(n9)
    FROM quarterly_prediction_rollup CROSS JOIN LATERAL (VALUES (reporting_year), ('')) v (y) GROUP BY 2, 3, 4;
  INSERT INTO sector_rollup (kind, owner_key, reporting_year, sector, risk_level, access_level, n)
  SELECT 'quarterly', owner_key, y, sector, risk_level, min(access_level), sum(n)
    FROM quarterly_prediction_rollup CROSS JOIN LATERAL (VALUES (reporting_year), ('')) v (y) GROUP BY 2, 3, 4, 5;
  INSERT INTO high_risk_company_delta (kind, company_id, owner_key, reporting_year, access_level, n)
  SELECT kind, company_id, owner_key, reporting_year, min(access_level), sum(n)
    FROM (SELECT 'annual' AS kind, company_id, owner_key, reporting_year, access_level, 1 AS n
            FROM annual_predictions WHERE risk_level = 'High'
          UNION ALL
          SELECT 'quarterly', company_id, owner_key, reporting_year, access_level, 1
            FROM quarterly_predictions WHERE risk_level = 'High'
          UNION ALL
          SELECT kind, company_id, owner_key, reporting_year, access_level, -n FROM high_risk_companies
          UNION ALL
          SELECT kind, company_id, owner_key, reporting_year, access_level, -n FROM high_risk_company_delta) d
   GROUP BY 1, 2, 3, 4
  HAVING sum(n) <> 0;
  DELETE FROM high_risk_company_counts;
  DELETE FROM high_risk_companies_shared;
  PERFORM count_high_risk_companies((SELECT array_agg(DISTINCT company_id) FROM high_risk_companies), 1);
END $$;
