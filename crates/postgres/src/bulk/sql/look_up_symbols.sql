-- For each symbol the company of the first owner that has one.
SELECT c.id, c.symbol, c.name, c.sector
  FROM unnest($1::text[]) s (symbol)
 CROSS JOIN LATERAL (
   SELECT c.*
     FROM unnest($2::uuid[]) WITH ORDINALITY o (key, rank)
    CROSS JOIN LATERAL (
      SELECT * FROM companies c WHERE c.owner_key = o.key AND c.symbol = s.symbol LIMIT 1) c
    ORDER BY o.rank
    LIMIT 1) c
