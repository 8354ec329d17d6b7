-- $1 companies; the cube assigns half of them to the first eighth of the organizations.
WITH keepers AS (
  SELECT row_number() OVER (ORDER BY email) - 1 AS n, id, organization_id, count(*) OVER () AS of_all
    FROM users WHERE email LIKE 'keeper-%@load.example'
), rows AS (
  SELECT n, floor(power(((n * 7919) % 100003) / 100003.0, 3) * (SELECT count(*) FROM keepers))::bigint AS keeper
    FROM generate_series(0, $1 - 1) n
)
INSERT INTO companies (symbol, name, sector, organization_id, access_level, created_by)
SELECT 'L' || upper(to_hex(r.n)), 'Load company ' || r.n,
       (ARRAY['Industrials','Consumer Discretionary','Materials','Information Technology','Health Care',
              'Consumer Staples','Energy','Real Estate','Utilities','Telecommunications','Financials'])
         [1 + floor(11 * power(((r.n * 104729) % 99991) / 99991.0, 2))::int],
       k.organization_id, 'organization', k.id
  FROM rows r JOIN keepers k ON k.n = r.keeper
