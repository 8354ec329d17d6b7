-- Whoever gets hold of the serving role could have thrown away the months of the audit log
-- that speak of it, and nothing that serves does so: `accunode maintain` acts as the owner.
REVOKE EXECUTE ON FUNCTION audit_drop_partitions(int), rebuild_prediction_rollups() FROM accunode_server;
