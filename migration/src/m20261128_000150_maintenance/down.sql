DROP FUNCTION rollup_differences(int), maintenance_analyze(text), audit_make_partitions_until(date), audit_drop_month(date);
DROP TABLE audit_archives, maintenance_runs;
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
REVOKE ALL ON FUNCTION audit_drop_partitions(int) FROM PUBLIC;
