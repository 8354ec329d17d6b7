-- The second layer of defence behind the queries' own filters. ENABLEd and not FORCEd: triggers,
-- search, migrations and pg_dump run as the owner and read everything. (SELECT f()) makes the
-- planner read a setting once per statement and not once per row.

DO $$
DECLARE
  t text;
  writable constant text := $p$ CASE access_level
      WHEN 'personal' THEN created_by = (SELECT actor_id())
      WHEN 'organization' THEN organization_id = ANY ((SELECT actor_admin_keys())::uuid[])
        OR (created_by = (SELECT actor_id()) AND organization_id = ANY ((SELECT actor_owner_keys())::uuid[]))
        OR (SELECT actor_is_super())
      ELSE (SELECT actor_is_super()) END $p$;
BEGIN
  FOREACH t IN ARRAY ARRAY['companies', 'annual_predictions', 'quarterly_predictions', 'bulk_upload_jobs'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format($p$ CREATE POLICY %1$s_read ON %1$I FOR SELECT TO accunode_server USING (
        owner_key = ANY ((SELECT actor_owner_keys())::uuid[])
        OR (access_level <> 'personal' AND (SELECT actor_is_super()))
        OR id = (SELECT actor_break_glass())%2$s) $p$, t,
      -- breaking the glass on an upload shows the rows it made
      CASE WHEN t LIKE '%predictions' THEN ' OR bulk_job_id = (SELECT actor_break_glass())' ELSE '' END);
    EXECUTE format($p$ CREATE POLICY %1$s_insert ON %1$I FOR INSERT TO accunode_server WITH CHECK (CASE access_level
        WHEN 'personal' THEN created_by = (SELECT actor_id())
        WHEN 'organization' THEN organization_id = ANY ((SELECT actor_owner_keys())::uuid[]) OR (SELECT actor_is_super())
        ELSE (SELECT actor_is_super()) END) $p$, t);
    -- without WITH CHECK, USING is checked on the new row too
    EXECUTE format('CREATE POLICY %1$s_update ON %1$I FOR UPDATE TO accunode_server USING (%2$s)', t, writable);
    EXECUTE format('CREATE POLICY %1$s_delete ON %1$I FOR DELETE TO accunode_server USING (%2$s)', t, writable);
  END LOOP;
END $$;

CREATE POLICY bulk_upload_jobs_worker_read ON bulk_upload_jobs FOR SELECT TO accunode_server USING ((SELECT actor_is_worker()));
CREATE POLICY bulk_upload_jobs_worker_write ON bulk_upload_jobs FOR UPDATE TO accunode_server USING ((SELECT actor_is_worker()));

-- A super_admin's reads go through the jobs, whose own policy excludes personal ones.
ALTER TABLE bulk_upload_rows ENABLE ROW LEVEL SECURITY;
CREATE POLICY bulk_upload_rows_read ON bulk_upload_rows FOR SELECT TO accunode_server USING (
  owner_key = ANY ((SELECT actor_owner_keys())::uuid[])
  OR job_id = (SELECT actor_break_glass())
  OR ((SELECT actor_is_super()) AND EXISTS (SELECT FROM bulk_upload_jobs j WHERE j.id = job_id)));
CREATE POLICY bulk_upload_rows_insert ON bulk_upload_rows FOR INSERT TO accunode_server WITH CHECK (
  owner_key = ANY ((SELECT actor_owner_keys())::uuid[]) OR (SELECT actor_is_super()));
CREATE POLICY bulk_upload_rows_delete ON bulk_upload_rows FOR DELETE TO accunode_server USING (
  EXISTS (SELECT FROM bulk_upload_jobs j WHERE j.id = job_id AND (
    (j.created_by = (SELECT actor_id()) AND j.owner_key = ANY ((SELECT actor_owner_keys())::uuid[]))
    OR j.organization_id = ANY ((SELECT actor_admin_keys())::uuid[])
    OR (j.access_level <> 'personal' AND (SELECT actor_is_super())))));

-- Failed requests without a user are recorded, too.
ALTER TABLE audit_logs ENABLE ROW LEVEL SECURITY;
CREATE POLICY audit_logs_read ON audit_logs FOR SELECT TO accunode_server USING (
  user_id = (SELECT actor_id())
  OR organization_id = ANY ((SELECT actor_admin_keys())::uuid[])
  OR (SELECT actor_is_super()));
CREATE POLICY audit_logs_insert ON audit_logs FOR INSERT TO accunode_server WITH CHECK (true);

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['annual_prediction_rollup', 'annual_prediction_rollup_delta',
                           'quarterly_prediction_rollup', 'quarterly_prediction_rollup_delta'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format($p$ CREATE POLICY %1$s_read ON %1$I FOR SELECT TO accunode_server USING (
        owner_key = ANY ((SELECT actor_owner_keys())::uuid[])
        OR (access_level <> 'personal' AND (SELECT actor_is_super()))) $p$, t);
  END LOOP;
END $$;
