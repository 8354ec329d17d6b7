-- An attacker with the service role could have dropped the months of the audit log that record the
-- attack, and no part of the service needs the right: `accunode maintain` acts as the owner.
REVOKE EXECUTE ON FUNCTION audit_drop_partitions(int), rebuild_prediction_rollups() FROM accunode_server;
