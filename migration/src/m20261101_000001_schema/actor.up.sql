-- Who is asking. The server sets these for one statement or transaction with
-- set_config(name, value, true); nothing set means nobody, and nobody sees no row.
-- After its first use in a session an unset setting reads '' and not NULL: hence nullif.

-- Functions are for their owner unless granted. The per-schema form cannot take
-- away PostgreSQL's built-in grant to PUBLIC, so this is global to the role.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- accunode.user_id: the person.
CREATE FUNCTION actor_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('accunode.user_id', true), '')::uuid;

-- accunode.owner_keys: every owner whose rows he may read, as an array literal.
CREATE FUNCTION actor_owner_keys() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('accunode.owner_keys', true), '')::uuid[];

-- accunode.admin_keys: the organizations he administers (writes, audit).
CREATE FUNCTION actor_admin_keys() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('accunode.admin_keys', true), '')::uuid[];

-- accunode.all_organizations = on: a super_admin.
CREATE FUNCTION actor_is_super() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  RETURN coalesce(current_setting('accunode.all_organizations', true), '') = 'on';

-- accunode.break_glass: the one row a super_admin reads although it is personal.
CREATE FUNCTION actor_break_glass() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('accunode.break_glass', true), '')::uuid;

-- accunode.worker = on: sees and claims job rows of everyone, and nothing else.
CREATE FUNCTION actor_is_worker() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  RETURN coalesce(current_setting('accunode.worker', true), '') = 'on';
