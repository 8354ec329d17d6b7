ALTER TABLE idempotency_keys ADD COLUMN method VARCHAR(10), ADD COLUMN path TEXT,
  ADD COLUMN status SMALLINT CHECK (status BETWEEN 100 AND 599);
ALTER TABLE idempotency_keys RENAME COLUMN outcome TO response;
-- An answer without a status contained a secret: only the fact that it was sent is kept.
UPDATE idempotency_keys SET status = coalesce((response->>'status')::smallint, 200) WHERE response IS NOT NULL;
ALTER TABLE idempotency_keys ADD CONSTRAINT idempotency_keys_answer CHECK (response IS NULL OR status IS NOT NULL);
