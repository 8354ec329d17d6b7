WITH rolled AS (
  SELECT kind, company_id, owner_key, reporting_year, min(access_level), sum(n)::bigint AS n
    FROM (TABLE high_risk_companies UNION ALL TABLE high_risk_company_delta) l
   GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0),
plain AS (
  SELECT 'annual', company_id, owner_key, reporting_year, min(access_level), count(*)
    FROM annual_predictions WHERE risk_level = 'High' GROUP BY 2, 3, 4
  UNION ALL
  SELECT 'quarterly', company_id, owner_key, reporting_year, min(access_level), count(*)
    FROM quarterly_predictions WHERE risk_level = 'High' GROUP BY 2, 3, 4),
folded AS (
  SELECT kind, company_id, owner_key, reporting_year FROM high_risk_companies WHERE n > 0
  UNION
  SELECT kind, company_id, owner_key, '' FROM high_risk_companies WHERE n > 0),
owners AS (
  SELECT f.*, count(*) OVER (PARTITION BY kind, company_id, reporting_year) AS owners FROM folded f),
counted AS (
  SELECT kind, owner_key, reporting_year, n FROM high_risk_company_counts WHERE n <> 0),
counts AS (
  SELECT kind, owner_key, reporting_year, count(*) FROM owners WHERE owners = 1 GROUP BY 1, 2, 3),
told AS (
  SELECT kind, company_id, owner_key, reporting_year FROM high_risk_companies_shared),
shared AS (
  SELECT kind, company_id, owner_key, reporting_year FROM owners WHERE owners > 1)
SELECT 'rolled ' || r::text FROM (TABLE rolled EXCEPT TABLE plain) r
UNION ALL SELECT 'plain ' || p::text FROM (TABLE plain EXCEPT TABLE rolled) p
UNION ALL SELECT 'counted ' || c::text FROM (TABLE counted EXCEPT TABLE counts) c
UNION ALL SELECT 'count ' || c::text FROM (TABLE counts EXCEPT TABLE counted) c
UNION ALL SELECT 'told to be shared ' || s::text FROM (TABLE told EXCEPT TABLE shared) s
UNION ALL SELECT 'shared ' || s::text FROM (TABLE shared EXCEPT TABLE told) s
UNION ALL
SELECT 'headline ' || x::text
  FROM (SELECT kind, owner_key, reporting_year, pd_bucket, sum(n), sum(high), sum(sum_pd), sum(n0), sum(n1), sum(n2), sum(n3), sum(n4), sum(n5), sum(n6), sum(n7), sum(n8), sum(n9)
          FROM (SELECT kind, owner_key, reporting_year, pd_bucket, n, high, sum_pd, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 FROM headline_rollup
                UNION ALL
                SELECT r.kind, owner_key, y, pd_bucket, -n, CASE risk_level WHEN 'High' THEN -n ELSE 0 END, -sum_pd, -n0, -n1, -n2, -n3, -n4, -n5, -n6, -n7, -n8, -n9
                  FROM (SELECT 'annual' AS kind, owner_key, reporting_year, risk_level, pd_bucket, n, sum_pd, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 FROM annual_prediction_rollup
                        UNION ALL
                        SELECT 'quarterly', owner_key, reporting_year, risk_level, pd_bucket, n, sum_pd, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 FROM quarterly_prediction_rollup) r
                 CROSS JOIN LATERAL (VALUES (reporting_year), ('')) v (y)) d
         GROUP BY 1, 2, 3, 4
        HAVING sum(n) <> 0 OR sum(high) <> 0 OR sum(sum_pd) <> 0 OR sum(n0) <> 0 OR sum(n1) <> 0 OR sum(n2) <> 0 OR sum(n3) <> 0 OR sum(n4) <> 0 OR sum(n5) <> 0 OR sum(n6) <> 0 OR sum(n7) <> 0 OR sum(n8) <> 0 OR sum(n9) <> 0) x
UNION ALL
SELECT 'sector ' || x::text
  FROM (SELECT kind, owner_key, reporting_year, sector, risk_level, sum(n)
          FROM (SELECT kind, owner_key, reporting_year, sector, risk_level, n FROM sector_rollup
                UNION ALL
                SELECT r.kind, owner_key, y, sector, risk_level, -n
                  FROM (SELECT 'annual' AS kind, owner_key, reporting_year, sector, risk_level, n FROM annual_prediction_rollup
                        UNION ALL
                        SELECT 'quarterly', owner_key, reporting_year, sector, risk_level, n FROM quarterly_prediction_rollup) r
                 CROSS JOIN LATERAL (VALUES (reporting_year), ('')) v (y)) d
         GROUP BY 1, 2, 3, 4, 5
        HAVING sum(n) <> 0) x
