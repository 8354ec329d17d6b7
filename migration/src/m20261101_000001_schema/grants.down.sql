-- The grants on our own tables and functions go with them.
REVOKE ALL ON seaql_migrations FROM accunode_server;
