-- In the order of their symbols: chunks wait for each other and do not deadlock.
INSERT INTO companies
       ({columns}, organization_id, access_level, created_by)
SELECT n.*, $1::uuid, $2::text, $3::uuid
  FROM jsonb_to_recordset($4::jsonb) n ({types})
 ORDER BY n.symbol
    ON CONFLICT ON CONSTRAINT unique_company_symbol_per_org DO NOTHING
RETURNING id, symbol, name, sector, exchange, country
