-- The log of the process that runs maintenance records it.
DROP TABLE maintenance_runs;

-- As before, without the notification: a session compares versions at its next request, and no
-- process listens.
CREATE OR REPLACE FUNCTION tenancy_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  me text := pg_current_xact_id()::text;
BEGIN
  IF current_setting('accunode.tenancy_moved_by', true) IS DISTINCT FROM me THEN
    UPDATE tenancy_state SET version = version + 1;
    PERFORM set_config('accunode.tenancy_moved_by', me, true);
  END IF;
  RETURN NULL;
END $$;
