-- No rights for PUBLIC, and the least for the server: it cannot change the schema, remove users,
-- rewrite audit rows or write rollups directly.

GRANT SELECT, INSERT, UPDATE ON organizations, users TO accunode_server;
GRANT DELETE ON organizations TO accunode_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON companies, annual_predictions, quarterly_predictions, bulk_upload_jobs TO accunode_server;
GRANT SELECT, INSERT, DELETE ON bulk_upload_rows TO accunode_server;
GRANT SELECT, INSERT ON audit_logs TO accunode_server;
GRANT SELECT ON annual_prediction_rollup, quarterly_prediction_rollup,
  annual_prediction_rollup_delta, quarterly_prediction_rollup_delta,
  annual_prediction_rollup_live, quarterly_prediction_rollup_live,
  tenancy_state, seaql_migrations TO accunode_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON api_keys, invitations, allowed_emails, join_tokens, user_tokens, idempotency_keys TO accunode_server;
GRANT SELECT, INSERT, UPDATE ON maintenance_runs TO accunode_server;

GRANT EXECUTE ON FUNCTION
  actor_id(), actor_owner_keys(), actor_admin_keys(), actor_is_super(), actor_break_glass(), actor_is_worker(),
  access_level_rank(text), pd_bucket(double precision), tenancy_version(),
  search_companies(text, int, real, uuid), claim_bulk_job(uuid, interval, int, int),
  audit_make_partitions(int, date), audit_drop_partitions(int),
  fold_prediction_rollups(int), rebuild_prediction_rollups()
  TO accunode_server;
