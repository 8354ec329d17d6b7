GRANT EXECUTE ON FUNCTION audit_drop_partitions(int), rebuild_prediction_rollups() TO accunode_server;
