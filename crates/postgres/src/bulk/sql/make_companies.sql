-- In the order of their symbols: chunks wait for each other and do not deadlock. An identifier
-- that another company of the owner has, or a company further up, is left out.
INSERT INTO companies
       ({columns}, organization_id, access_level, created_by)
SELECT {values}, $1::uuid, $2::text, $3::uuid
  FROM jsonb_to_recordset($4::jsonb) n ({types})
 ORDER BY n.symbol
    ON CONFLICT ON CONSTRAINT unique_company_symbol_per_org DO NOTHING
RETURNING id, symbol, name, sector, exchange, country, isin, lei, figi, national_id
