-- Statement statistics for monitoring, if the server was started with their library.
LOCK TABLE pg_catalog.pg_extension IN SHARE ROW EXCLUSIVE MODE;
DO $$ BEGIN
  IF current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%'
     AND EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_stat_statements') THEN
    CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA public;
  END IF;
END $$;
