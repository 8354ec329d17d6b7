-- Predictions. They can be shown, filtered and counted without their company.

CREATE TABLE annual_predictions (
  id                              UUID             PRIMARY KEY DEFAULT gen_random_uuid(),
  company_id                      UUID             NOT NULL,
  -- the company as of scoring: a prediction stays readable whole when its company no longer is
  company_symbol                  VARCHAR(10)      NOT NULL,
  company_name                    VARCHAR(200)     NOT NULL,
  company_sector                  VARCHAR(100)     NOT NULL,
  reporting_year                  VARCHAR(4)       NOT NULL CHECK (reporting_year ~ '^[0-9]{4}$' AND reporting_year BETWEEN '1900' AND '2100'),
  -- what the model said: four decimals as specified, pd in full
  probability                     DECIMAL(5,4)     NOT NULL CHECK (probability >= 0 AND probability <= 1),
  pd                              DOUBLE PRECISION NOT NULL CHECK (pd >= 0 AND pd <= 1),
  risk_level                      VARCHAR(10)      NOT NULL CHECK (risk_level IN ('Low', 'Medium', 'High')),
  confidence                      DECIMAL(5,4)     NOT NULL CHECK (confidence >= 0 AND confidence <= 1),
  predicted_at                    TIMESTAMPTZ      NOT NULL,
  model_name                      VARCHAR(60)      NOT NULL,
  model_version                   VARCHAR(40)      NOT NULL,
  model_sha256                    VARCHAR(64)      NOT NULL CHECK (length(model_sha256) = 64),
  -- the ratios brought into range; raw_ratios keeps them as sent, flags says what was done
  long_term_debt_to_total_capital DECIMAL(8,4)     CHECK (long_term_debt_to_total_capital >= 0 AND long_term_debt_to_total_capital <= 2),
  total_debt_to_ebitda            DECIMAL(8,4)     CHECK (total_debt_to_ebitda >= 0 AND total_debt_to_ebitda <= 50),
  net_income_margin               DECIMAL(8,4)     CHECK (net_income_margin >= -1 AND net_income_margin <= 1),
  ebit_to_interest_expense        DECIMAL(8,4)     CHECK (ebit_to_interest_expense >= 0 AND ebit_to_interest_expense <= 100),
  return_on_assets                DECIMAL(8,4)     CHECK (return_on_assets >= -1 AND return_on_assets <= 1),
  raw_ratios                      JSONB            NOT NULL DEFAULT '{}',
  flags                           TEXT[]           NOT NULL DEFAULT '{}',
  -- the upload that made it; no foreign key, for the prediction outlives its job
  bulk_job_id                     UUID,
  bulk_row                        INTEGER,
  access_level                    VARCHAR(20)      NOT NULL CHECK (access_level IN ('personal', 'organization', 'system')),
  organization_id                 UUID,
  created_by                      UUID             NOT NULL,
  row_version                     BIGINT           NOT NULL DEFAULT 1,
  created_at                      TIMESTAMPTZ      NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at                      TIMESTAMPTZ      NOT NULL DEFAULT CURRENT_TIMESTAMP,
  owner_key                       UUID             NOT NULL GENERATED ALWAYS AS (
    CASE access_level WHEN 'organization' THEN organization_id WHEN 'personal' THEN created_by
         ELSE '00000000-0000-0000-0000-000000000000'::uuid END) STORED,
  CONSTRAINT annual_predictions_scope CHECK ((access_level = 'organization') = (organization_id IS NOT NULL)),
  CONSTRAINT annual_predictions_bulk CHECK ((bulk_job_id IS NULL) = (bulk_row IS NULL)),
  CONSTRAINT fk_annual_predictions_company FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE,
  CONSTRAINT fk_annual_predictions_organization FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT fk_annual_predictions_created_by FOREIGN KEY (created_by) REFERENCES users (id),
  CONSTRAINT unique_annual_prediction UNIQUE (company_id, reporting_year, owner_key)
);
-- lists behind the owner's key; the riskiest-first index is built by a later migration
CREATE INDEX idx_annual_pred_performance ON annual_predictions (owner_key, created_at DESC, id DESC);
CREATE INDEX idx_annual_predictions_created_at ON annual_predictions (created_at DESC, id DESC);  -- a super_admin's list
CREATE INDEX idx_annual_predictions_org_year ON annual_predictions (organization_id, reporting_year);
CREATE INDEX idx_annual_predictions_user_created ON annual_predictions (created_by, created_at DESC, id DESC);
CREATE INDEX idx_annual_predictions_risk_level ON annual_predictions (owner_key, reporting_year, company_id) WHERE risk_level = 'High';
CREATE INDEX idx_annual_predictions_bulk_job ON annual_predictions (bulk_job_id, bulk_row) WHERE bulk_job_id IS NOT NULL;

CREATE TABLE quarterly_predictions (
  id                              UUID             PRIMARY KEY DEFAULT gen_random_uuid(),
  company_id                      UUID             NOT NULL,
  -- the company as of scoring: a prediction stays readable whole when its company no longer is
  company_symbol                  VARCHAR(10)      NOT NULL,
  company_name                    VARCHAR(200)     NOT NULL,
  company_sector                  VARCHAR(100)     NOT NULL,
  reporting_year                  VARCHAR(4)       NOT NULL CHECK (reporting_year ~ '^[0-9]{4}$' AND reporting_year BETWEEN '1900' AND '2100'),
  reporting_quarter               VARCHAR(2)       NOT NULL CHECK (reporting_quarter IN ('Q1', 'Q2', 'Q3', 'Q4')),
  -- what the model said: four decimals as specified, pd in full
  logistic_probability            DECIMAL(5,4)     NOT NULL CHECK (logistic_probability >= 0 AND logistic_probability <= 1),
  gbm_probability                 DECIMAL(5,4)     NOT NULL CHECK (gbm_probability >= 0 AND gbm_probability <= 1),
  ensemble_probability            DECIMAL(5,4)     NOT NULL CHECK (ensemble_probability >= 0 AND ensemble_probability <= 1),
  pd                              DOUBLE PRECISION NOT NULL CHECK (pd >= 0 AND pd <= 1),
  risk_level                      VARCHAR(10)      NOT NULL CHECK (risk_level IN ('Low', 'Medium', 'High')),
  confidence                      DECIMAL(5,4)     NOT NULL CHECK (confidence >= 0 AND confidence <= 1),
  predicted_at                    TIMESTAMPTZ      NOT NULL,
  model_name                      VARCHAR(60)      NOT NULL,
  model_version                   VARCHAR(40)      NOT NULL,
  model_sha256                    VARCHAR(64)      NOT NULL CHECK (length(model_sha256) = 64),
  -- the ratios brought into range; raw_ratios keeps them as sent, flags says what was done
  current_ratio                   DECIMAL(8,4)     CHECK (current_ratio >= 0 AND current_ratio <= 10),
  quick_ratio                     DECIMAL(8,4)     CHECK (quick_ratio >= 0 AND quick_ratio <= 10),
  debt_to_equity                  DECIMAL(8,4)     CHECK (debt_to_equity >= 0 AND debt_to_equity <= 5),
  inventory_turnover              DECIMAL(8,4)     CHECK (inventory_turnover >= 0 AND inventory_turnover <= 50),
  receivables_turnover            DECIMAL(8,4)     CHECK (receivables_turnover >= 0 AND receivables_turnover <= 50),
  working_capital_to_total_assets DECIMAL(8,4)     CHECK (working_capital_to_total_assets >= -1 AND working_capital_to_total_assets <= 1),
  raw_ratios                      JSONB            NOT NULL DEFAULT '{}',
  flags                           TEXT[]           NOT NULL DEFAULT '{}',
  -- the upload that made it; no foreign key, for the prediction outlives its job
  bulk_job_id                     UUID,
  bulk_row                        INTEGER,
  access_level                    VARCHAR(20)      NOT NULL CHECK (access_level IN ('personal', 'organization', 'system')),
  organization_id                 UUID,
  created_by                      UUID             NOT NULL,
  row_version                     BIGINT           NOT NULL DEFAULT 1,
  created_at                      TIMESTAMPTZ      NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at                      TIMESTAMPTZ      NOT NULL DEFAULT CURRENT_TIMESTAMP,
  owner_key                       UUID             NOT NULL GENERATED ALWAYS AS (
    CASE access_level WHEN 'organization' THEN organization_id WHEN 'personal' THEN created_by
         ELSE '00000000-0000-0000-0000-000000000000'::uuid END) STORED,
  CONSTRAINT quarterly_predictions_scope CHECK ((access_level = 'organization') = (organization_id IS NOT NULL)),
  CONSTRAINT quarterly_predictions_bulk CHECK ((bulk_job_id IS NULL) = (bulk_row IS NULL)),
  CONSTRAINT fk_quarterly_predictions_company FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE,
  CONSTRAINT fk_quarterly_predictions_organization FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT fk_quarterly_predictions_created_by FOREIGN KEY (created_by) REFERENCES users (id),
  CONSTRAINT unique_quarterly_prediction UNIQUE (company_id, reporting_year, reporting_quarter, owner_key)
);
CREATE INDEX idx_quarterly_predictions_owner ON quarterly_predictions (owner_key, created_at DESC, id DESC);
CREATE INDEX idx_quarterly_predictions_created_at ON quarterly_predictions (created_at DESC, id DESC);
CREATE INDEX idx_quarterly_pred_performance ON quarterly_predictions (organization_id, reporting_year DESC, reporting_quarter);
CREATE INDEX idx_quarterly_predictions_created_by ON quarterly_predictions (created_by, created_at DESC, id DESC);
CREATE INDEX idx_quarterly_predictions_risk_level ON quarterly_predictions (owner_key, reporting_year, reporting_quarter, company_id) WHERE risk_level = 'High';
CREATE INDEX idx_quarterly_predictions_bulk_job ON quarterly_predictions (bulk_job_id, bulk_row) WHERE bulk_job_id IS NOT NULL;
