DROP TABLE maintenance_runs, idempotency_keys;
