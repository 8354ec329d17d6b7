-- Made once for each connection, and left empty.
CREATE TEMP TABLE IF NOT EXISTS {table} ON COMMIT DELETE ROWS AS SELECT {columns} FROM {predictions} LIMIT 0;
DELETE FROM pg_temp.{table}
