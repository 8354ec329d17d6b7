-- The caller. The server sets these for one statement or transaction with set_config(name, value,
-- true); if nothing is set there is no caller, and no row is readable. After its first use in a
-- session an unset setting is '' and not NULL, hence nullif.

-- Functions are for their owner unless granted. The per-schema form cannot revoke PostgreSQL's
-- built-in grant to PUBLIC, so this is global to the role.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- accunode.user_id: the user.
CREATE FUNCTION actor_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('accunode.user_id', true), '')::uuid;

-- accunode.owner_keys: every owner whose rows the user may read, as an array literal.
CREATE FUNCTION actor_owner_keys() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('accunode.owner_keys', true), '')::uuid[];

-- accunode.admin_keys: the organizations that the user administers (writes, audit).
CREATE FUNCTION actor_admin_keys() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('accunode.admin_keys', true), '')::uuid[];

-- accunode.all_organizations = on: a super_admin.
CREATE FUNCTION actor_is_super() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  RETURN coalesce(current_setting('accunode.all_organizations', true), '') = 'on';

-- accunode.break_glass: the one personal row that a super_admin reads.
CREATE FUNCTION actor_break_glass() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('accunode.break_glass', true), '')::uuid;

-- accunode.worker = on: reads and claims job rows of all owners, and nothing else.
CREATE FUNCTION actor_is_worker() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  RETURN coalesce(current_setting('accunode.worker', true), '') = 'on';
