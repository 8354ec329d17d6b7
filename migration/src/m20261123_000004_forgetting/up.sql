-- Who somebody was can be forgotten: his address, his names, from where he came. What he
-- did stays, under his id and a stand-in for his address.

-- A search for people by a part of name or address.
CREATE INDEX idx_users_search ON users
  USING gin ((email || ' ' || coalesce(first_name, '') || ' ' || coalesce(last_name, '')) gin_trgm_ops);

-- Events that name an address in their values; few, so the index costs a bulk load nothing.
CREATE INDEX idx_audit_logs_named ON audit_logs ((coalesce(new_values ->> 'email', old_values ->> 'email')))
  WHERE entity_type IN ('user', 'invitation', 'organization');

-- The values of an event without who somebody was.
CREATE FUNCTION audit_values_without(val jsonb, stand_in text) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE WHEN jsonb_typeof(val) = 'object' THEN
    (SELECT jsonb_object_agg(key, CASE
         WHEN value = 'null' THEN value
         WHEN key = 'email' THEN to_jsonb(stand_in)
         WHEN key IN ('first_name', 'last_name', 'phone') THEN '"anonymized"'
         ELSE value END) FROM jsonb_each(val))
    ELSE val END;

-- Append-only but for one thing: forget_person, which alone runs as the owner of the table
-- on behalf of the server, puts a stand-in for who somebody was. Nothing else may differ.
CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  stand_in constant text := nullif(current_setting('accunode.forgetting', true), '');
  same record;
BEGIN
  IF TG_OP = 'UPDATE' AND stand_in IS NOT NULL THEN
    same := OLD;
    IF NEW.actor_email IS DISTINCT FROM OLD.actor_email THEN
      same.actor_email := stand_in;
      same.ip_address := NULL;
      same.user_agent := NULL;
    ELSE
      same.old_values := audit_values_without(OLD.old_values, stand_in);
      same.new_values := audit_values_without(OLD.new_values, stand_in);
    END IF;
    IF NEW IS NOT DISTINCT FROM same THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'audit_logs is append-only' USING ERRCODE = 'insufficient_privilege', TABLE = 'audit_logs';
END $$;

-- Forgets who `person` was: everything by which he could come in, the address where it
-- stands, and what the audit log tells of him as a person. Only for an account that has
-- the stand-in for an address already, and for an address that is nobody's any more.
CREATE FUNCTION forget_person(person uuid, address text, stand_in text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM users WHERE id = person AND email = stand_in AND NOT is_active)
     OR EXISTS (SELECT FROM users WHERE email = address) THEN
    RAISE EXCEPTION 'only somebody who was anonymized is forgotten' USING ERRCODE = 'insufficient_privilege';
  END IF;
  DELETE FROM api_keys WHERE user_id = person;
  DELETE FROM user_tokens WHERE user_id = person;
  DELETE FROM user_totp WHERE user_id = person;
  DELETE FROM login_challenges WHERE user_id = person;
  DELETE FROM idempotency_keys WHERE principal = person;
  DELETE FROM allowed_emails WHERE email = address;
  DELETE FROM invitations WHERE email = address AND accepted_at IS NULL;
  UPDATE invitations SET email = stand_in WHERE email = address;

  PERFORM set_config('accunode.forgetting', stand_in, true);
  -- as the one who acts
  UPDATE audit_logs SET actor_email = stand_in, ip_address = NULL, user_agent = NULL WHERE user_id = person;
  UPDATE audit_logs SET actor_email = stand_in, ip_address = NULL, user_agent = NULL
   WHERE user_id IS NULL AND actor_email = address;
  -- as the one who is acted on
  UPDATE audit_logs SET old_values = audit_values_without(old_values, stand_in),
         new_values = audit_values_without(new_values, stand_in)
   WHERE (entity_id = person AND entity_type = 'user')
      OR (entity_type IN ('user', 'invitation', 'organization')
          AND coalesce(new_values ->> 'email', old_values ->> 'email') = address);
  PERFORM set_config('accunode.forgetting', '', true);
END $$;
GRANT EXECUTE ON FUNCTION forget_person(uuid, text, text) TO accunode_server;
