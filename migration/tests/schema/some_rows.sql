INSERT INTO organizations (id, name) VALUES ('00000000-0000-0000-0000-0000000000a1', 'A'), ('00000000-0000-0000-0000-0000000000b1', 'B');
INSERT INTO users (id, email, password_hash, role, organization_id) VALUES
  ('00000000-0000-0000-0000-000000000001', 'sa@x', 'h', 'super_admin', NULL),
  ('00000000-0000-0000-0000-0000000000a2', 'm1@x', 'h', 'org_member', '00000000-0000-0000-0000-0000000000a1'),
  ('00000000-0000-0000-0000-0000000000b2', 'mb@x', 'h', 'org_member', '00000000-0000-0000-0000-0000000000b1');
INSERT INTO companies (symbol, name, sector, access_level, created_by)
SELECT 'S' || n, 'System ' || n, 'Sector ' || n % 5, 'system', '00000000-0000-0000-0000-000000000001' FROM generate_series(1, 40) n;
INSERT INTO annual_predictions (company_id, company_symbol, company_name, company_sector, reporting_year, probability, pd, risk_level, confidence,
  predicted_at, model_name, model_version, model_sha256, access_level, created_by)
SELECT c.id, c.symbol, c.name, c.sector, y, round(p::numeric, 4), p, CASE WHEN p < 0.015 THEN 'Low' WHEN p < 0.045 THEN 'Medium' ELSE 'High' END, 0.8,
       now(), 'annual', '1', repeat('0', 64), 'system', c.created_by
  FROM companies c, generate_series(1990, 2040) y, LATERAL (SELECT power(10, -4 * random()) AS p WHERE y > 0 AND c.symbol <> '') r;
INSERT INTO quarterly_predictions (company_id, company_symbol, company_name, company_sector, reporting_year, reporting_quarter,
  logistic_probability, gbm_probability, ensemble_probability, pd, risk_level, confidence,
  predicted_at, model_name, model_version, model_sha256, access_level, organization_id, created_by)
SELECT c.id, c.symbol, c.name, c.sector, y, 'Q' || q, round(p::numeric, 4), round((p / 2)::numeric, 4), round((p / 3)::numeric, 4), p / 3,
       CASE WHEN p < 0.05 THEN 'Low' WHEN p < 0.15 THEN 'Medium' ELSE 'High' END, 0.7,
       now(), 'quarterly', '1', repeat('0', 64), 'organization', '00000000-0000-0000-0000-0000000000a1', '00000000-0000-0000-0000-0000000000a2'
  FROM companies c, generate_series(2020, 2024) y, generate_series(1, 4) q, LATERAL (SELECT power(10, -4 * random()) AS p WHERE y > 0 AND q > 0 AND c.symbol <> '') r;
