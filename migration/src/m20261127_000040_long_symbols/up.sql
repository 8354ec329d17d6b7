-- HINDUNILVR.NS, NASDAQGS:AAPL and an LEI are longer than ten characters, and so is "New York Stock
-- Exchange". A longer limit changes only the catalog.
ALTER TABLE companies
  ALTER COLUMN symbol TYPE VARCHAR(32),
  ALTER COLUMN exchange TYPE VARCHAR(64);
ALTER TABLE annual_predictions ALTER COLUMN company_symbol TYPE VARCHAR(32);
ALTER TABLE quarterly_predictions ALTER COLUMN company_symbol TYPE VARCHAR(32);
