-- The outcome that a use case keeps under a key says itself how it is answered. NULL: the
-- first request is still being carried out, or was given up before it stored an outcome.
ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_answer;
ALTER TABLE idempotency_keys RENAME COLUMN response TO outcome;
ALTER TABLE idempotency_keys DROP COLUMN status, DROP COLUMN method, DROP COLUMN path;
