ALTER TABLE companies
  DROP COLUMN isin,
  DROP COLUMN lei,
  DROP COLUMN figi,
  DROP COLUMN national_id;
