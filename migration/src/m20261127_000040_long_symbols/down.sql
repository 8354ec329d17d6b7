-- Fails if a longer symbol is stored: nothing is truncated.
ALTER TABLE quarterly_predictions ALTER COLUMN company_symbol TYPE VARCHAR(10);
ALTER TABLE annual_predictions ALTER COLUMN company_symbol TYPE VARCHAR(10);
ALTER TABLE companies
  ALTER COLUMN exchange TYPE VARCHAR(10),
  ALTER COLUMN symbol TYPE VARCHAR(10);
