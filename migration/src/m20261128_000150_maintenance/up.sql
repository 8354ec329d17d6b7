-- Each run of maintenance, however it began. Only one run of a task at a time, on all nodes
-- together: the index rejects a second one. A run whose process died has an old `heartbeat_at`.
CREATE TABLE maintenance_runs (
  id           UUID         PRIMARY KEY,
  task         VARCHAR(40)  NOT NULL,
  status       VARCHAR(20)  NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'completed', 'failed')),
  requested_by UUID,
  log          JSONB        NOT NULL DEFAULT '[]',
  outcome      JSONB,
  started_at   TIMESTAMPTZ  NOT NULL,
  finished_at  TIMESTAMPTZ,
  heartbeat_at TIMESTAMPTZ  NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT maintenance_runs_finished CHECK ((status = 'running') = (finished_at IS NULL)),
  CONSTRAINT fk_maintenance_runs_requested_by FOREIGN KEY (requested_by) REFERENCES users (id) ON DELETE SET NULL
);
CREATE INDEX idx_maintenance_runs_started_at ON maintenance_runs (started_at DESC, id DESC);
CREATE INDEX idx_maintenance_runs_task ON maintenance_runs (task, started_at DESC);
CREATE UNIQUE INDEX idx_maintenance_runs_running ON maintenance_runs (task) WHERE status = 'running';
CREATE INDEX idx_maintenance_runs_requested_by ON maintenance_runs (requested_by) WHERE requested_by IS NOT NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON maintenance_runs TO accunode_server;

-- Months of the audit log in the file store, each read back and compared before its row is written.
-- The service may archive a month again while the month exists, but cannot change the entry of a
-- dropped month, whose archive is the only copy.
CREATE TABLE audit_archives (
  month        DATE         PRIMARY KEY CHECK (extract(day FROM month) = 1),
  file_key     TEXT         NOT NULL,
  row_count    BIGINT       NOT NULL CHECK (row_count >= 0),
  bytes        BIGINT       NOT NULL CHECK (bytes > 0),
  sha256       CHAR(64)     NOT NULL,
  lines_sha256 CHAR(64)     NOT NULL,
  verified_at  TIMESTAMPTZ  NOT NULL,
  dropped_at   TIMESTAMPTZ
);
ALTER TABLE audit_archives ENABLE ROW LEVEL SECURITY;
CREATE POLICY audit_archives_read ON audit_archives FOR SELECT TO accunode_server USING (true);
CREATE POLICY audit_archives_insert ON audit_archives FOR INSERT TO accunode_server WITH CHECK (dropped_at IS NULL);
CREATE POLICY audit_archives_update ON audit_archives FOR UPDATE TO accunode_server
  USING (dropped_at IS NULL) WITH CHECK (dropped_at IS NULL);
GRANT SELECT, INSERT, UPDATE ON audit_archives TO accunode_server;

-- Months are dropped one at a time, and only with an archive: `accunode maintain audit-drop`
-- compares the two row by row first. The service role cannot call it.
DROP FUNCTION audit_drop_partitions(int);
CREATE FUNCTION audit_drop_month(drop_month date)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  part text := 'audit_logs_' || to_char(drop_month, 'YYYY_MM');
  archive audit_archives;
  present bigint;
BEGIN
  IF drop_month IS NULL OR extract(day FROM drop_month) <> 1
     OR (drop_month + interval '1 month')::timestamptz > now() - interval '30 days' THEN
    RAISE EXCEPTION 'a month is dropped 30 days after its end at the earliest' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('accunode.audit_partitions'));
  SELECT * INTO archive FROM audit_archives a WHERE a.month = drop_month FOR UPDATE;
  IF archive.month IS NULL THEN
    RAISE EXCEPTION 'the month % has no archive', part USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF to_regclass('public.' || part) IS NULL THEN
    RAISE EXCEPTION 'there is no partition %', part USING ERRCODE = 'undefined_table';
  END IF;
  EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', part);
  EXECUTE format('SELECT count(*) FROM public.%I', part) INTO present;
  IF present <> archive.row_count THEN
    RAISE EXCEPTION 'the archive of % has % rows and the month %', part, archive.row_count, present
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  EXECUTE format('DROP TABLE public.%I', part);
  UPDATE audit_archives a SET dropped_at = now() WHERE a.month = drop_month;
  INSERT INTO audit_logs (event_type, entity_type, action, metadata)
  VALUES ('audit_log.month_dropped', 'audit_log', 'DELETE', jsonb_build_object(
    'month', drop_month, 'rows', present, 'file_key', archive.file_key, 'sha256', archive.sha256));
  RETURN part;
END $$;
REVOKE ALL ON FUNCTION audit_drop_month(date) FROM PUBLIC;

-- Creates the partitions up to a month, which may be ahead of the database's own clock.
CREATE FUNCTION audit_make_partitions_until(last_month date)
RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
  SELECT audit_make_partitions(greatest(0, (
    extract(year FROM age(date_trunc('month', last_month), date_trunc('month', now()::timestamp))) * 12
    + extract(month FROM age(date_trunc('month', last_month), date_trunc('month', now()::timestamp))))::int));
$$;
REVOKE ALL ON FUNCTION audit_make_partitions_until(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_make_partitions_until(date) TO accunode_server;

-- Only the owner may analyze; the service role may request it, for tables of this schema.
CREATE FUNCTION maintenance_analyze(table_name text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_class c
                  WHERE c.relnamespace = 'public'::regnamespace AND c.relname = table_name AND c.relkind IN ('r', 'p')) THEN
    RAISE EXCEPTION 'there is no table %', table_name USING ERRCODE = 'undefined_table';
  END IF;
  EXECUTE format('ANALYZE public.%I', table_name);
END $$;
REVOKE ALL ON FUNCTION maintenance_analyze(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION maintenance_analyze(text) TO accunode_server;

-- The owners whose sums differ from the predictions, in one snapshot, since a statement reads one.
-- It returns only numbers, for every owner.
CREATE FUNCTION rollup_differences(most int)
RETURNS TABLE (kind text, owner_key uuid, summed bigint, counted bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT k, o, sum(s)::bigint, sum(c)::bigint
    FROM (SELECT 'annual' AS k, r.owner_key AS o, n AS s, 0 AS c FROM annual_prediction_rollup_live r
          UNION ALL SELECT 'annual', p.owner_key, 0, 1 FROM annual_predictions p
          UNION ALL SELECT 'quarterly', r.owner_key, n, 0 FROM quarterly_prediction_rollup_live r
          UNION ALL SELECT 'quarterly', p.owner_key, 0, 1 FROM quarterly_predictions p) both_sides
   GROUP BY 1, 2
  HAVING sum(s) <> sum(c)
   ORDER BY 1, 2
   LIMIT least(greatest(most, 0), 100);
$$;
REVOKE ALL ON FUNCTION rollup_differences(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rollup_differences(int) TO accunode_server;
