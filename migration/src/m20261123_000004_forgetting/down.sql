DROP FUNCTION forget_person(uuid, text, text);
CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'audit_logs is append-only' USING ERRCODE = 'insufficient_privilege', TABLE = 'audit_logs';
END $$;
DROP FUNCTION audit_values_without(jsonb, text);
DROP INDEX idx_audit_logs_named;
DROP INDEX idx_users_search;
