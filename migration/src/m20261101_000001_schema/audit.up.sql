-- The audit log. Partitioned by month, append-only, without foreign keys: it outlives the rows that
-- it refers to, and SET NULL would be an update, which it rejects. E-mail and organization are
-- therefore copied into it.

CREATE TABLE audit_logs (
  id                UUID         NOT NULL DEFAULT gen_random_uuid(),
  event_type        VARCHAR(50)  NOT NULL,
  entity_type       VARCHAR(50)  NOT NULL,
  entity_id         UUID,
  user_id           UUID,
  actor_email       VARCHAR(255),
  organization_id   UUID,
  organization_name VARCHAR(200),
  action            VARCHAR(20)  NOT NULL CHECK (action IN
                      ('CREATE', 'UPDATE', 'DELETE', 'LOGIN', 'LOGOUT', 'FAILED_LOGIN', 'READ', 'EXPORT', 'DENIED')),
  old_values        JSONB,
  new_values        JSONB,
  metadata          JSONB        NOT NULL DEFAULT '{}',
  ip_address        INET,
  user_agent        TEXT,
  request_id        VARCHAR(100),
  created_at        TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX idx_audit_logs_user_id ON audit_logs (user_id, created_at DESC, id DESC);
CREATE INDEX idx_audit_logs_organization_id ON audit_logs (organization_id, created_at DESC, id DESC);
CREATE INDEX idx_audit_logs_entity_id ON audit_logs (entity_id, created_at DESC, id DESC);
CREATE INDEX idx_audit_logs_user_action_date ON audit_logs (user_id, action, created_at);
CREATE INDEX idx_audit_logs_ip_address ON audit_logs (ip_address, created_at DESC) WHERE ip_address IS NOT NULL;
CREATE INDEX idx_audit_logs_date_partition ON audit_logs (created_at, event_type);

-- No insert ever fails because the month's partition is missing; this one should stay empty.
CREATE TABLE audit_logs_default PARTITION OF audit_logs DEFAULT;

CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'audit_logs is append-only' USING ERRCODE = 'insufficient_privilege', TABLE = 'audit_logs';
END $$;
CREATE TRIGGER trg_audit_append_only BEFORE UPDATE OR DELETE ON audit_logs
  FOR EACH ROW EXECUTE FUNCTION audit_append_only();  -- row level: cloned to every partition
CREATE TRIGGER trg_audit_no_truncate BEFORE TRUNCATE ON audit_logs
  FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();

-- Creates the partitions from `from_month` (this month if NULL) to `ahead` months from now, and
-- returns how many it created. Safe to run twice, in parallel, and with rows of those months
-- already in the default partition, which it moves.
CREATE FUNCTION audit_make_partitions(ahead int DEFAULT 3, from_month date DEFAULT NULL)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  m date;
  last_m date;
  part text;
  made int := 0;
  stray bigint;
BEGIN
  IF ahead NOT BETWEEN 0 AND 60 THEN
    RAISE EXCEPTION 'ahead must be 0 to 60' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('accunode.audit_partitions'));
  m := date_trunc('month', coalesce(from_month, now()::date));
  last_m := date_trunc('month', now()) + make_interval(months => ahead);
  WHILE m <= last_m LOOP
    part := 'audit_logs_' || to_char(m, 'YYYY_MM');
    IF to_regclass('public.' || part) IS NULL THEN
      SELECT count(*) INTO stray FROM audit_logs_default WHERE created_at >= m AND created_at < m + interval '1 month';
      IF stray = 0 THEN
        EXECUTE format('CREATE TABLE public.%I PARTITION OF audit_logs FOR VALUES FROM (%L) TO (%L)',
                       part, m::timestamptz, (m + interval '1 month')::timestamptz);
      ELSE
        -- build the table beside, fill it, take the rows out of the default, attach
        EXECUTE format('CREATE TABLE public.%I (LIKE audit_logs INCLUDING ALL)', part);
        LOCK TABLE audit_logs IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('INSERT INTO public.%I SELECT * FROM audit_logs_default WHERE created_at >= %L AND created_at < %L',
                       part, m::timestamptz, (m + interval '1 month')::timestamptz);
        ALTER TABLE audit_logs_default DISABLE TRIGGER trg_audit_append_only;
        DELETE FROM audit_logs_default WHERE created_at >= m AND created_at < m + interval '1 month';
        ALTER TABLE audit_logs_default ENABLE TRIGGER trg_audit_append_only;
        EXECUTE format('ALTER TABLE audit_logs ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                       part, m::timestamptz, (m + interval '1 month')::timestamptz);
      END IF;
      made := made + 1;
    END IF;
    m := m + interval '1 month';
  END LOOP;
  RETURN made;
END $$;

-- Drops every partition whose last row is older than `keep_days` (at least 30) and returns their
-- names.
CREATE FUNCTION audit_drop_partitions(keep_days int)
RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  p record;
BEGIN
  IF keep_days IS NULL OR keep_days < 30 THEN
    RAISE EXCEPTION 'keep_days must be at least 30' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('accunode.audit_partitions'));
  FOR p IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'public.audit_logs'::regclass AND c.relname ~ '^audit_logs_[0-9]{4}_[0-9]{2}$'
       AND (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month')::timestamptz <= now() - make_interval(days => keep_days)
     ORDER BY 1
  LOOP
    EXECUTE format('DROP TABLE public.%I', p.relname);
    RETURN NEXT p.relname;
  END LOOP;
END $$;

SELECT audit_make_partitions(3);
