-- Companies. owner_key identifies the owner of a row: the organization, the creator, or the system
-- (the nil UUID). It is generated: never insert it.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE companies (
  id              UUID         PRIMARY KEY DEFAULT gen_random_uuid(),
  symbol          VARCHAR(10)  NOT NULL CHECK (symbol = upper(symbol) AND symbol <> ''),
  name            VARCHAR(200) NOT NULL CHECK (btrim(name) <> ''),
  sector          VARCHAR(100) NOT NULL,
  industry        VARCHAR(100),
  market_cap      BIGINT       CHECK (market_cap > 0),
  country         VARCHAR(3)   NOT NULL DEFAULT 'USA' CHECK (country = upper(country) AND length(country) = 3),
  currency        VARCHAR(3)   NOT NULL DEFAULT 'USD' CHECK (currency = upper(currency) AND length(currency) = 3),
  exchange        VARCHAR(10),
  organization_id UUID,
  access_level    VARCHAR(20)  NOT NULL CHECK (access_level IN ('personal', 'organization', 'system')),
  created_by      UUID         NOT NULL,
  row_version     BIGINT       NOT NULL DEFAULT 1,
  created_at      TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at      TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  owner_key       UUID         NOT NULL GENERATED ALWAYS AS (
    CASE access_level WHEN 'organization' THEN organization_id WHEN 'personal' THEN created_by
         ELSE '00000000-0000-0000-0000-000000000000'::uuid END) STORED,
  CONSTRAINT companies_scope CHECK ((access_level = 'organization') = (organization_id IS NOT NULL)),
  CONSTRAINT fk_companies_organization FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT fk_companies_created_by FOREIGN KEY (created_by) REFERENCES users (id),
  -- the owner first, so that the same index sorts one owner's companies by symbol
  CONSTRAINT unique_company_symbol_per_org UNIQUE (owner_key, symbol)
);
CREATE INDEX idx_companies_organization_id ON companies (organization_id);
CREATE INDEX idx_companies_created_by ON companies (created_by);
CREATE INDEX idx_companies_owner_created ON companies (owner_key, created_at DESC, id DESC);
CREATE INDEX idx_companies_created_at ON companies (created_at DESC, id DESC);  -- a super_admin's list
CREATE INDEX idx_companies_name ON companies (owner_key, name, id);
CREATE INDEX idx_companies_sector_market_cap ON companies (owner_key, sector, market_cap DESC);
CREATE INDEX idx_companies_symbol_search ON companies (symbol text_pattern_ops);
CREATE INDEX idx_companies_name_trgm ON companies USING gin (name gin_trgm_ops);
CREATE INDEX idx_companies_name_search ON companies USING gin (to_tsvector('simple', name));
