-- The outcome that a use case stores under a key determines its answer. NULL: the first request is
-- still being processed, or was abandoned before it stored an outcome.
ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_answer;
ALTER TABLE idempotency_keys RENAME COLUMN response TO outcome;
ALTER TABLE idempotency_keys DROP COLUMN status, DROP COLUMN method, DROP COLUMN path;
