-- Identifiers of companies. Check digits are validated before anything is stored; these constraints
-- apply to all writers. Each identifier is unique within an owner, and an index contains only the
-- companies that have one.
ALTER TABLE companies
  ADD COLUMN isin        VARCHAR(12) CONSTRAINT companies_isin CHECK (isin ~ '^[A-Z]{2}[A-Z0-9]{9}[0-9]$'),
  ADD COLUMN lei         VARCHAR(20) CONSTRAINT companies_lei CHECK (lei ~ '^[A-Z0-9]{18}[0-9]{2}$'),
  ADD COLUMN figi        VARCHAR(12) CONSTRAINT companies_figi CHECK (figi ~ '^[A-Z0-9]{11}[0-9]$'),
  ADD COLUMN national_id VARCHAR(32) CONSTRAINT companies_national_id CHECK (national_id ~ '^[A-Z0-9]{4,32}$');
CREATE UNIQUE INDEX unique_company_isin ON companies (owner_key, isin) WHERE isin IS NOT NULL;
CREATE UNIQUE INDEX unique_company_lei ON companies (owner_key, lei) WHERE lei IS NOT NULL;
CREATE UNIQUE INDEX unique_company_figi ON companies (owner_key, figi) WHERE figi IS NOT NULL;
CREATE UNIQUE INDEX unique_company_national_id ON companies (owner_key, national_id) WHERE national_id IS NOT NULL;
