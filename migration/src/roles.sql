-- The two roles and their rights in this database. Run by a superuser, any number of times, also by
-- several nodes concurrently.

-- One at a time in the whole cluster, since its databases share the roles.
LOCK TABLE pg_catalog.pg_authid IN SHARE ROW EXCLUSIVE MODE;

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'accunode_owner') THEN
    CREATE ROLE accunode_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'accunode_server') THEN
    CREATE ROLE accunode_server LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT;
  END IF;
END $$;

-- An installation with only the owner's URL serves by SET ROLE.
GRANT accunode_server TO accunode_owner;

-- A dropped request does not stop its statement, so the server ends it.
ALTER ROLE accunode_server SET statement_timeout = '30s';
ALTER ROLE accunode_server SET idle_in_transaction_session_timeout = '30s';
-- A trigger's plan, cached from a chunk of 20,000 rows, is expensive enough to be compiled: 6 ms on
-- every later insert of one row.
ALTER ROLE accunode_server SET jit = off;

DO $$ BEGIN
  EXECUTE format('ALTER DATABASE %I OWNER TO accunode_owner', current_database());
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT, TEMP ON DATABASE %I TO accunode_server', current_database());
END $$;
ALTER SCHEMA public OWNER TO accunode_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO accunode_server;
