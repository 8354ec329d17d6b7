DROP TABLE audit_logs;  -- takes every partition, those made at run time too
DROP FUNCTION audit_make_partitions(int, date), audit_drop_partitions(int), audit_append_only();
