-- The grants on AccuNode's own tables and functions are removed with them.
REVOKE ALL ON seaql_migrations FROM accunode_server;
