-- The guarantees of the schema, checked in SQL on an empty database by a superuser; actions of
-- tenants run as accunode_server. Every "-- ##" starts a section that is sent separately, so that a
-- section is one transaction unless it contains BEGIN.

-- ## helpers
CREATE SCHEMA t;
GRANT USAGE ON SCHEMA t TO accunode_server, accunode_owner;
CREATE FUNCTION t.id(n text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT md5('t' || n)::uuid $$;
-- `want` is a constraint's name or a SQLSTATE
CREATE FUNCTION t.fails(q text, want text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE c text; s text; m text;
BEGIN
  BEGIN
    EXECUTE q;
  EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS c = CONSTRAINT_NAME, s = RETURNED_SQLSTATE, m = MESSAGE_TEXT;
    IF want NOT IN (c, s) THEN RAISE EXCEPTION 'wrong error: % % % (wanted %) for %', s, c, m, want, q; END IF;
    RETURN;
  END;
  RAISE EXCEPTION 'no error (wanted %) for %', want, q;
END $$;
CREATE FUNCTION t.eq(a anyelement, b anyelement, what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN IF a IS DISTINCT FROM b THEN RAISE EXCEPTION '%: got %, wanted %', what, a, b; END IF; END $$;
CREATE FUNCTION t.rows(q text, want bigint, what text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN EXECUTE q; GET DIAGNOSTICS n = ROW_COUNT; IF n <> want THEN RAISE EXCEPTION '%: % rows, wanted %', what, n, want; END IF; END $$;
-- sets the actor as the server would for this user
CREATE FUNCTION t.act(n text, break_glass text DEFAULT '') RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE u users; ks uuid[]; ad uuid[];
BEGIN
  SELECT * INTO u FROM users WHERE email = n || '@x';
  ks := ARRAY[u.id];
  IF u.role IN ('org_member', 'org_admin') THEN ks := ks || u.organization_id; END IF;
  IF u.role = 'tenant_admin' THEN ks := ks || ARRAY(SELECT id FROM organizations WHERE id = u.organization_id OR parent_id = u.organization_id); END IF;
  ad := CASE WHEN u.role IN ('org_admin', 'tenant_admin') THEN ks[2:] ELSE '{}' END;
  IF u.role = 'super_admin' OR NOT EXISTS (SELECT FROM organizations WHERE id = u.organization_id AND hide_system_data) THEN
    ks := ks || '00000000-0000-0000-0000-000000000000'::uuid;
  END IF;
  PERFORM set_config('accunode.user_id', u.id::text, true), set_config('accunode.owner_keys', ks::text, true),
    set_config('accunode.admin_keys', ad::text, true), set_config('accunode.worker', '', true),
    set_config('accunode.all_organizations', CASE u.role WHEN 'super_admin' THEN 'on' ELSE '' END, true),
    set_config('accunode.break_glass', break_glass, true);
END $$;
-- the statement that inserts an annual prediction of user b on company c
CREATE FUNCTION t.prediction(c text, l text, o text, b text, y text) RETURNS text LANGUAGE sql AS $$
  SELECT format('INSERT INTO annual_predictions (id, company_id, company_symbol, company_name, company_sector, reporting_year, probability, pd, risk_level,
      confidence, predicted_at, model_name, model_version, model_sha256, organization_id, access_level, created_by)
    VALUES (%L, %L, %L, %L, %L, %L, 0.5, 0.5, %L, 0.9, now(), %L, %L, %L, %L, %L, %L)',
    t.id('p' || c || l || coalesce(o, '') || y), t.id(c), c, c, 'S', y, 'Medium', 'annual', '1', repeat('0', 64), t.id(o), l, t.id(b)) $$;
CREATE FUNCTION t.run(q text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE q; END $$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA t TO PUBLIC;

-- ## users: root R with children A and B, another root Z
INSERT INTO organizations (id, name) VALUES (t.id('R'), 'R'), (t.id('Z'), 'Z');
INSERT INTO organizations (id, name, parent_id) VALUES (t.id('A'), 'A', t.id('R')), (t.id('B'), 'B', t.id('R'));
INSERT INTO users (id, email, password_hash, role, organization_id)
SELECT t.id(lower(n)), lower(n) || '@x', 'h', r, t.id(o)
  FROM (VALUES ('u0', 'user', NULL), ('m1', 'org_member', 'A'), ('m2', 'org_member', 'A'), ('oA', 'org_admin', 'A'), ('mB', 'org_member', 'B'),
               ('tR', 'tenant_admin', 'R'), ('tZ', 'tenant_admin', 'Z'), ('sa', 'super_admin', NULL)) v(n, r, o);

-- ## organizations and users reject invalid states
SELECT t.fails($$UPDATE organizations SET parent_id = t.id('A') WHERE id = t.id('Z')$$, 'organizations_depth'),
  t.fails($$UPDATE organizations SET parent_id = t.id('Z') WHERE id = t.id('R')$$, 'organizations_depth'),
  t.fails($$INSERT INTO organizations (name, parent_id) VALUES ('g', t.id('B'))$$, 'organizations_depth'),
  t.fails($$UPDATE organizations SET parent_id = id WHERE id = t.id('Z')$$, 'organizations_not_own_parent'),
  t.fails($$INSERT INTO organizations (name, parent_id) VALUES ('g', gen_random_uuid())$$, 'fk_organizations_parent'),
  t.fails($$INSERT INTO organizations (name, domain) VALUES ('g', 'A.com')$$, 'organizations_domain_check'),
  t.fails($$UPDATE users SET organization_id = NULL WHERE email = 'm1@x'$$, 'users_role_organization'),
  t.fails($$UPDATE users SET organization_id = t.id('A') WHERE email = 'sa@x'$$, 'users_role_organization'),
  t.fails($$INSERT INTO users (email, password_hash, role) VALUES ('q@x', 'h', 'org_admin')$$, 'users_role_organization'),
  t.fails($$INSERT INTO users (email, password_hash, role) VALUES ('U0@x', 'h', 'user')$$, 'users_email_check'),
  t.fails($$INSERT INTO users (email, password_hash, role) VALUES ('u0@x', 'h', 'user')$$, 'users_email_key'),
  t.fails($$UPDATE users SET is_active = false WHERE email = 'sa@x'$$, 'users_last_super_admin'),
  t.fails($$DELETE FROM users WHERE email = 'sa@x'$$, 'users_last_super_admin'),
  t.fails($$UPDATE users SET role = 'user' WHERE email = 'sa@x'$$, 'users_last_super_admin');

-- ## the last super_admin may hand over within one transaction
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
UPDATE users SET role = 'user' WHERE email = 'sa@x';
UPDATE users SET role = 'super_admin' WHERE email = 'u0@x';
SET CONSTRAINTS ALL IMMEDIATE;
ROLLBACK;

-- ## and only under READ COMMITTED
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT t.fails($$UPDATE users SET is_active = false WHERE email = 'sa@x'$$, '0A000');
ROLLBACK;

-- ## versions: a sign-in is not a change, anything else is
BEGIN;
UPDATE users SET last_login = now(), password_hash = 'h2' WHERE email = 'm1@x';
SELECT t.eq((SELECT row_version FROM users WHERE email = 'm1@x'), 1::bigint, 'last_login');
UPDATE users SET password_hash = 'h3' WHERE email = 'm2@x';
SELECT t.eq((SELECT row_version FROM users WHERE email = 'm2@x'), 2::bigint, 'a new password');
UPDATE users SET first_name = 'M', row_version = 99 WHERE email = 'm1@x';
SELECT t.eq((SELECT row_version FROM users WHERE email = 'm1@x'), 2::bigint, 'first_name');
UPDATE organizations SET description = 'd' WHERE id = t.id('A');
SELECT t.eq((SELECT row_version FROM organizations WHERE id = t.id('A')), 2::bigint, 'organization');
ROLLBACK;

-- ## tenancy version: a sign-in does not change it
CREATE TABLE t.tenancy AS SELECT tenancy_version() AS v;
UPDATE users SET last_login = now() WHERE email = 'm1@x';
-- ## tenancy version: unchanged, then two changes of users in one transaction
SELECT t.eq(tenancy_version(), (SELECT v FROM t.tenancy), 'last_login');
UPDATE users SET first_name = 'M' WHERE email = 'm1@x';
UPDATE users SET first_name = 'M' WHERE email = 'm2@x';
-- ## tenancy version: increased once; a registration does not change it
SELECT t.eq(tenancy_version(), (SELECT v + 1 FROM t.tenancy), 'two people, one move');
INSERT INTO users (email, password_hash, role) VALUES ('new@x', 'h', 'user');
-- ## tenancy version: a new organization increases it
SELECT t.eq(tenancy_version(), (SELECT v + 1 FROM t.tenancy), 'registration');
INSERT INTO organizations (id, name) VALUES (t.id('N'), 'N');
-- ## tenancy version: so does a deleted organization
SELECT t.eq(tenancy_version(), (SELECT v + 2 FROM t.tenancy), 'new organization');
DELETE FROM organizations WHERE id = t.id('N');
-- ## tenancy version: and a removed user
SELECT t.eq(tenancy_version(), (SELECT v + 3 FROM t.tenancy), 'organization gone');
DELETE FROM users WHERE email = 'new@x';
-- ## tenancy version: increased
SELECT t.eq(tenancy_version(), (SELECT v + 4 FROM t.tenancy), 'person gone');

-- ## companies and predictions
INSERT INTO companies (id, symbol, name, sector, organization_id, access_level, created_by) VALUES
  (t.id('cP'), 'P', 'm1 personal', 'S', NULL, 'personal', t.id('m1')), (t.id('cA'), 'CA', 'of A', 'S', t.id('A'), 'organization', t.id('m1')),
  (t.id('cB'), 'CB', 'of B', 'S', t.id('B'), 'organization', t.id('mb')), (t.id('cS'), 'SYS', 'system', 'S', NULL, 'system', t.id('sa'));
SELECT t.run(t.prediction(c, l, o, b, '2020'))
  FROM (VALUES ('cP', 'personal', NULL, 'm1'), ('cA', 'personal', NULL, 'm1'), ('cA', 'organization', 'A', 'm1'), ('cS', 'organization', 'A', 'm1'), ('cS', 'system', NULL, 'sa')) v(c, l, o, b);

-- ## without an actor no rows; and what the service role cannot do
SET SESSION AUTHORIZATION accunode_server;
SELECT t.rows('SELECT 1 FROM ' || x, 0, x || ' without an actor')
  FROM unnest(ARRAY['companies', 'annual_predictions', 'quarterly_predictions', 'bulk_upload_jobs', 'bulk_upload_rows', 'audit_logs',
                    'annual_prediction_rollup_live', 'quarterly_prediction_rollup_live',
                    'annual_prediction_revisions', 'quarterly_prediction_revisions']) x;
SELECT t.rows('UPDATE annual_predictions SET confidence = 0.8', 0, 'no actor'), t.rows('DELETE FROM companies', 0, 'no actor');
SELECT t.fails('ALTER TABLE companies DISABLE ROW LEVEL SECURITY', '42501'), t.fails('CREATE TABLE public.x (a int)', '42501'),
  t.fails('CREATE SCHEMA x', '42501'), t.fails('DROP TABLE annual_predictions', '42501'), t.fails('CREATE INDEX ON companies (name)', '42501'),
  t.fails('ALTER TABLE users ADD COLUMN x int', '42501'), t.fails('DROP POLICY companies_read ON companies', '42501'),
  t.fails('DROP TRIGGER trg_annual_touch ON annual_predictions', '42501'),
  t.fails('CREATE OR REPLACE FUNCTION public.actor_id() RETURNS uuid LANGUAGE sql STABLE RETURN NULL::uuid', '42501'),
  t.fails('UPDATE audit_logs SET action = ''READ''', '42501'), t.fails('DELETE FROM audit_logs', '42501'), t.fails('TRUNCATE companies', '42501'),
  t.fails('SELECT 1 FROM audit_logs_default', '42501'), t.fails('INSERT INTO annual_prediction_rollup DEFAULT VALUES', '42501'),
  t.fails('DELETE FROM annual_prediction_rollup_delta', '42501'), t.fails('UPDATE tenancy_state SET version = 0', '42501'),
  t.fails('DELETE FROM users', '42501'), t.fails('DELETE FROM seaql_migrations', '42501'),
  t.fails('DROP FUNCTION search_companies(text, int, real, uuid)', '42501'), t.fails('SELECT annual_rollup_apply()', '42501'),
  t.fails('SELECT annual_revisions_keep()', '42501'), t.fails('SET ROLE accunode_owner', '42501');

-- ## rows listed by each user
DO $$ DECLARE v record; BEGIN
  FOR v IN SELECT * FROM (VALUES ('u0', 1, 1), ('m1', 3, 5), ('m2', 2, 3), ('oa', 2, 3), ('mb', 2, 1), ('tr', 3, 3), ('tz', 1, 1), ('sa', 3, 3)) x(n, c, p) LOOP
    PERFORM t.act(v.n);
    PERFORM t.rows('SELECT 1 FROM companies', v.c, v.n || ' companies'), t.rows('SELECT 1 FROM annual_predictions', v.p, v.n || ' predictions');
    PERFORM t.eq((SELECT sum(n)::bigint FROM annual_prediction_rollup_live), v.p::bigint, v.n || ': rollup = list');
  END LOOP;
END $$;

-- ## writes with no WHERE touch exactly what may be written
BEGIN;
DO $$ DECLARE v record; BEGIN
  FOR v IN SELECT * FROM (VALUES ('u0', 0, 0), ('m1', 2, 4), ('m2', 0, 0), ('oa', 1, 2), ('mb', 1, 0), ('tr', 2, 2), ('tz', 0, 0), ('sa', 3, 3)) x(n, c, p) LOOP
    PERFORM t.act(v.n);
    PERFORM t.rows('UPDATE companies SET industry = ''x''', v.c, v.n || ' changes companies'),
      t.rows('UPDATE annual_predictions SET confidence = 0.8', v.p, v.n || ' changes predictions');
  END LOOP;
END $$;
ROLLBACK;

-- ## deletes with no WHERE delete what may be written, with the cascade
BEGIN;
SELECT t.act('mb');
SELECT t.rows('DELETE FROM annual_predictions', 0, 'mb'), t.rows('DELETE FROM companies', 1, 'mb');
SELECT t.act('m1');
SELECT t.rows('DELETE FROM annual_predictions', 4, 'm1'), t.rows('DELETE FROM companies', 2, 'm1');
ROLLBACK;

-- ## break-glass makes exactly one personal row readable
BEGIN;
SELECT t.act('sa', t.id('pcPpersonal2020')::text);
SELECT t.rows('SELECT 1 FROM annual_predictions', 4, 'one row more'), t.rows('UPDATE annual_predictions SET confidence = 0.7', 3, 'break-glass never writes');
ROLLBACK;

-- ## no one inserts for others
BEGIN;
SELECT t.act('m2');
SELECT t.fails($q$INSERT INTO companies (symbol, name, sector, access_level, created_by) VALUES ('X', 'x', 'S', 'personal', t.id('m1'))$q$, '42501'),
  t.fails($q$INSERT INTO companies (symbol, name, sector, access_level, created_by) VALUES ('X', 'x', 'S', 'system', t.id('m2'))$q$, '42501'),
  t.fails($q$INSERT INTO companies (symbol, name, sector, access_level, organization_id, created_by) VALUES ('X', 'x', 'S', 'organization', t.id('B'), t.id('m2'))$q$, '42501'),
  t.rows($q$INSERT INTO companies (symbol, name, sector, access_level, organization_id, created_by) VALUES ('X', 'x', 'S', 'organization', t.id('A'), t.id('m2')) RETURNING id$q$, 1, 'own organization'),
  t.fails($q$UPDATE companies SET access_level = 'system', organization_id = NULL WHERE symbol = 'X'$q$, '42501');
ROLLBACK;

-- ## levels are only raised; a company in use keeps its level
BEGIN;
SELECT t.act('m1');
SELECT t.fails($q$UPDATE companies SET access_level = 'organization', organization_id = t.id('A') WHERE id = t.id('cP')$q$, 'companies_level_fixed');
DELETE FROM annual_predictions WHERE company_id = t.id('cP');
SELECT t.rows($q$UPDATE companies SET access_level = 'organization', organization_id = t.id('A') WHERE id = t.id('cP')$q$, 1, 'no longer in use');
SELECT t.fails($q$UPDATE companies SET access_level = 'personal', organization_id = NULL WHERE id = t.id('cA')$q$, 'companies_level_never_down'),
  t.fails($q$UPDATE annual_predictions SET access_level = 'personal', organization_id = NULL WHERE id = t.id('pcSorganizationA2020')$q$, 'predictions_level_never_down'),
  t.fails($q$UPDATE annual_predictions SET company_id = t.id('cS') WHERE id = t.id('pcApersonal2020')$q$, 'predictions_level_never_down');
SELECT t.act('tr');
SELECT t.fails($q$UPDATE companies SET organization_id = t.id('B') WHERE id = t.id('cA')$q$, 'companies_organization_fixed');
ROLLBACK;

-- ## another's personal prediction does not prevent raising a company, and is not revealed
BEGIN;
SELECT t.act('m1');
DELETE FROM annual_predictions WHERE company_id = t.id('cA') AND access_level = 'organization';
SELECT t.act('sa');
SELECT t.rows($q$UPDATE companies SET access_level = 'system', organization_id = NULL WHERE id = t.id('cA')$q$, 1, 'raised');
SELECT t.act('m1');
SELECT t.rows($q$SELECT 1 FROM annual_predictions WHERE company_id = t.id('cA')$q$, 1, 'still there');
ROLLBACK;

-- ## a raised prediction must fit its company
BEGIN;
SELECT t.act('m1');
SELECT t.fails($q$UPDATE annual_predictions SET access_level = 'organization', organization_id = t.id('A') WHERE id = t.id('pcPpersonal2020')$q$, 'prediction_organization_consistency');
SELECT t.act('sa');
SELECT t.fails($q$UPDATE annual_predictions SET access_level = 'system', organization_id = NULL WHERE id = t.id('pcAorganizationA2020')$q$, 'prediction_organization_consistency');
ROLLBACK;

-- ## which company a prediction may be about, for every role
RESET SESSION AUTHORIZATION;
SELECT t.fails(t.prediction('cA', 'organization', 'B', 'tr', '2021'), 'prediction_organization_consistency'),
  t.fails(t.prediction('cA', 'personal', NULL, 'mb', '2021'), 'prediction_organization_consistency'),
  t.fails(t.prediction('cP', 'personal', NULL, 'm2', '2021'), 'prediction_organization_consistency'),
  t.fails(t.prediction('cP', 'organization', 'A', 'm1', '2021'), 'prediction_organization_consistency'),
  t.fails(t.prediction('cA', 'system', NULL, 'sa', '2021'), 'prediction_organization_consistency'),
  t.fails(t.prediction('cS', 'organization', NULL, 'm1', '2021'), '23502'),
  t.fails(t.prediction('cS', 'personal', 'A', 'm1', '2021'), 'annual_predictions_scope');

-- ## unique keys are per owner
BEGIN;
SELECT t.rows(t.prediction('cA', 'personal', NULL, 'tr', '2021'), 1, 'tenant_admin on a child''s company'), t.rows(t.prediction('cS', 'organization', 'B', 'mb', '2021'), 1, 'organization on a system company');
UPDATE annual_predictions SET id = gen_random_uuid() WHERE reporting_year = '2021';
SELECT t.fails(t.prediction('cS', 'organization', 'B', 'mb', '2021'), 'unique_annual_prediction'),
  t.fails($$INSERT INTO companies (symbol, name, sector, access_level, created_by) VALUES ('SYS', 'x', 'S', 'system', t.id('sa'))$$, 'unique_company_symbol_per_org'),
  t.fails($$INSERT INTO companies (symbol, name, sector, access_level, created_by) VALUES ('P', 'x', 'S', 'personal', t.id('m1'))$$, 'unique_company_symbol_per_org');
INSERT INTO companies (symbol, name, sector, access_level, created_by) VALUES ('P', 'x', 'S', 'personal', t.id('m2'));
ROLLBACK;

-- ## a former member keeps and edits their personal prediction, and loses the organization's
BEGIN;
UPDATE users SET organization_id = t.id('B') WHERE email = 'm1@x';
SET LOCAL SESSION AUTHORIZATION accunode_server;
SELECT t.act('m1');
SELECT t.rows($$UPDATE annual_predictions SET confidence = 0.5 WHERE id = t.id('pcApersonal2020')$$, 1, 'edits'),
  t.rows('SELECT 1 FROM annual_predictions', 3, 'two personal, one system'),
  t.rows($$SELECT 1 FROM annual_predictions WHERE company_symbol = 'cA' AND company_name = 'cA' AND company_sector = 'S'$$, 1, 'shown whole without its company');
ROLLBACK;

-- ## former values of a prediction are kept: figures, model, ratios as sent, and nothing else
BEGIN;
SET LOCAL SESSION AUTHORIZATION accunode_server;
SELECT t.act('m1'), set_config('accunode.job_id', t.id('j')::text, true);
SELECT t.rows($$UPDATE annual_predictions SET pd = 0.25, probability = 0.25 WHERE company_symbol = 'cA'$$, 2, 'two at once');
SELECT set_config('accunode.job_id', '', true);
SELECT t.rows($$UPDATE annual_predictions SET confidence = 0.4, flags = '{x}' WHERE company_symbol = 'cA'$$, 2, 'no revision'),
  t.rows($$UPDATE annual_predictions SET model_sha256 = repeat('1', 64), model_version = '2', pd = 0.75 WHERE id = t.id('pcApersonal2020')$$, 1, 'another model'),
  t.rows($$UPDATE annual_predictions SET raw_ratios = '{"values": {}}', model_sha256 = repeat('2', 64) WHERE id = t.id('pcApersonal2020')$$, 1, 'other ratios');
SELECT t.eq((SELECT array_agg(concat_ws(' ', reason, pd, model_version, bulk_job_id = t.id('j'), replaced_by = t.id('m1')) ORDER BY row_version)
               FROM annual_prediction_revisions WHERE prediction_id = t.id('pcApersonal2020')),
            ARRAY['figures 0.5 1 t t', 'model 0.25 1 t', 'ratios 0.75 2 t'], 'what was replaced, oldest first'),
  t.eq((SELECT count(DISTINCT row_version) FROM annual_prediction_revisions WHERE prediction_id = t.id('pcApersonal2020')), 3::bigint, 'versions');
SELECT t.rows('SELECT 1 FROM annual_prediction_revisions', 4, 'm1');
SELECT t.act('m2');
SELECT t.rows('SELECT 1 FROM annual_prediction_revisions', 1, 'm2 sees the organization''s');
SELECT t.act('mb');
SELECT t.rows('SELECT 1 FROM annual_prediction_revisions', 0, 'mb');
SELECT t.act('sa', t.id('pcApersonal2020')::text);
SELECT t.rows('SELECT 1 FROM annual_prediction_revisions', 4, 'break-glass opens the history of its row'),
  t.fails($$UPDATE annual_prediction_revisions SET pd = 0$$, '42501'), t.fails('DELETE FROM annual_prediction_revisions', '42501'),
  t.fails('INSERT INTO annual_prediction_revisions DEFAULT VALUES', '42501'), t.fails('TRUNCATE quarterly_prediction_revisions', '42501');
SELECT t.act('m1');
SELECT t.rows($$DELETE FROM annual_predictions WHERE id = t.id('pcApersonal2020')$$, 1, 'goes'), t.rows('SELECT 1 FROM annual_prediction_revisions', 1, 'and its history');
RESET SESSION AUTHORIZATION;
SELECT t.rows('SELECT 1 FROM annual_prediction_revisions', 1, 'really');
ROLLBACK;

-- ## audit: each user reads their part; no one rewrites it
INSERT INTO audit_logs (event_type, entity_type, action, user_id, organization_id) VALUES
  ('auth', 'user', 'LOGIN', t.id('m1'), t.id('A')), ('auth', 'user', 'LOGIN', t.id('m2'), t.id('A'));
SET SESSION AUTHORIZATION accunode_server;
DO $$ DECLARE v record; BEGIN
  FOR v IN SELECT * FROM (VALUES ('u0', 0), ('m1', 1), ('m2', 1), ('oa', 2), ('mb', 0), ('tr', 2), ('tz', 0), ('sa', 2)) x(n, a) LOOP
    PERFORM t.act(v.n);
    PERFORM t.rows('SELECT 1 FROM audit_logs', v.a, v.n || ' audit');
  END LOOP;
END $$;
RESET SESSION AUTHORIZATION;
SELECT t.fails($$UPDATE audit_logs SET action = 'READ'$$, '42501'), t.fails($$DELETE FROM audit_logs$$, '42501'), t.fails($$TRUNCATE audit_logs$$, '42501');

-- ## a deleted organization: its rows are deleted, members become users, rollups follow, audit stays
BEGIN;
SET LOCAL SESSION AUTHORIZATION accunode_server;
SELECT t.act('tr');
SELECT t.rows($$DELETE FROM organizations WHERE id = t.id('A')$$, 1, 'delete A');
RESET SESSION AUTHORIZATION;
SELECT t.rows('SELECT 1 FROM companies', 3, 'cascade'), t.rows('SELECT 1 FROM annual_predictions', 2, 'cascade'),
  t.rows($$SELECT 1 FROM users WHERE role = 'user' AND organization_id IS NULL$$, 4, 'demoted'), t.rows('SELECT 1 FROM audit_logs', 2, 'audit outlives'),
  t.rows('SELECT 1 FROM annual_prediction_rollup_live GROUP BY owner_key, reporting_year, sector, risk_level, pd_bucket HAVING sum(n) <> 0', 2, 'rollup');
ROLLBACK;

-- ## the children of a deleted root become roots
BEGIN;
DELETE FROM organizations WHERE id = t.id('R');
SELECT t.rows('SELECT 1 FROM organizations WHERE parent_id IS NULL', 3, 'roots');
ROLLBACK;

-- ## audit partitions: stray rows are moved out of the default
INSERT INTO audit_logs (event_type, entity_type, action, created_at) VALUES
  ('a', 'b', 'READ', '2020-02-29 23:59:59.999999+00'), ('a', 'b', 'READ', '2020-03-01 00:00+00');
SELECT t.eq((SELECT count(*) FROM audit_logs_default), 2::bigint, 'default');
-- ## audit partitions: made by the server's role, once
SET SESSION AUTHORIZATION accunode_server;
SELECT audit_make_partitions(3, '2020-02-01');
SELECT t.eq(audit_make_partitions(3, '2020-02-01'), 0, 'twice');
RESET SESSION AUTHORIZATION;
SELECT t.eq((SELECT count(*) FROM audit_logs_default), 0::bigint, 'default emptied'), t.eq((SELECT count(*) FROM audit_logs_2020_02), 1::bigint, 'moved'),
  t.eq((SELECT count(*) FROM audit_logs_2020_03), 1::bigint, 'moved'), t.fails('UPDATE audit_logs_2020_02 SET action = ''READ''', '42501'),
  t.eq((SELECT count(*) FROM pg_index WHERE indrelid = 'audit_logs_2020_02'::regclass), (SELECT count(*) FROM pg_index WHERE indrelid = 'audit_logs'::regclass), 'an attached partition has every index');
-- ## audit partitions: the service role creates months and cannot drop any
SET SESSION AUTHORIZATION accunode_server;
SELECT t.fails('SELECT audit_drop_month(''2020-02-01'')', '42501'), t.fails('SELECT rebuild_prediction_rollups()', '42501'),
  t.fails('DROP TABLE audit_logs_2020_02', '42501'), t.fails('TRUNCATE audit_logs', '42501');
RESET SESSION AUTHORIZATION;
-- ## audit partitions: a month is dropped only with an archive of as many rows, and not too early
SELECT t.fails('SELECT audit_drop_month(''2020-02-01'')', '55000');
SET SESSION AUTHORIZATION accunode_server;
INSERT INTO audit_archives (month, file_key, row_count, bytes, sha256, lines_sha256, verified_at) VALUES
  ('2020-02-01', 'audit/1', 1, 9, repeat('a', 64), repeat('b', 64), now()),
  ('2020-03-01', 'audit/2', 9, 9, repeat('a', 64), repeat('b', 64), now());
RESET SESSION AUTHORIZATION;
SELECT t.eq(audit_drop_month('2020-02-01'), 'audit_logs_2020_02', 'dropped'),
  t.fails('SELECT audit_drop_month(''2020-02-01'')', '42P01'), t.fails('SELECT audit_drop_month(''2020-03-01'')', '55000'),
  t.fails('SELECT audit_drop_month(date_trunc(''month'', now())::date)', '22023'), t.fails('SELECT audit_make_partitions(61)', '22023'),
  t.rows($$SELECT 1 FROM audit_logs WHERE event_type = 'audit_log.month_dropped'$$, 1, 'dropping leaves its trace');
-- ## audit partitions: the archive of a dropped month cannot change
SET SESSION AUTHORIZATION accunode_server;
SELECT t.rows($$UPDATE audit_archives SET sha256 = repeat('c', 64) WHERE month = '2020-02-01'$$, 0, 'dropped'),
  t.rows($$UPDATE audit_archives SET sha256 = repeat('c', 64) WHERE month = '2020-03-01'$$, 1, 'still here'),
  t.fails($$UPDATE audit_archives SET dropped_at = now() WHERE month = '2020-03-01'$$, '42501'),
  t.fails($$DELETE FROM audit_archives$$, '42501');
RESET SESSION AUTHORIZATION;

-- ## search applies the actor's keys itself
BEGIN;
SET LOCAL SESSION AUTHORIZATION accunode_server;
SELECT t.act('m2');
SELECT t.rows($$SELECT 1 FROM search_companies('CA')$$, 1, 'symbol'), t.rows($$SELECT 1 FROM search_companies('personal')$$, 0, 'another''s personal'),
  t.rows($$SELECT 1 FROM search_companies('%')$$, 0, 'wildcards are literal'), t.rows($$SELECT 1 FROM search_companies('sy')$$, 1, 'prefix'),
  t.rows($$SELECT 1 FROM search_companies('of A')$$, 1, 'name'), t.rows($$SELECT 1 FROM search_companies('')$$, 0, 'nothing asked');
COMMIT;
-- ## search without an actor finds nothing
SET SESSION AUTHORIZATION accunode_server;
SELECT t.rows($$SELECT 1 FROM search_companies('CA')$$, 0, 'no actor');
RESET SESSION AUTHORIZATION;

-- ## jobs: per owner, read by workers, claimed once, version increased by status only
BEGIN;
SET LOCAL SESSION AUTHORIZATION accunode_server;
SELECT t.act('m1');
INSERT INTO bulk_upload_jobs (id, filename, original_filename, file_size, file_hash, dedup_key, job_type, organization_id, access_level, created_by) VALUES
  (t.id('jA'), 'f', 'f', 1, repeat('a', 64), 'k', 'annual', t.id('A'), 'organization', t.id('m1')),
  (t.id('jP'), 'f', 'f', 1, repeat('a', 64), 'k', 'annual', NULL, 'personal', t.id('m1'));
INSERT INTO bulk_upload_rows (job_id, row_number, status, code, owner_key) VALUES
  (t.id('jA'), 1, 'error', 'out_of_range', t.id('A')), (t.id('jP'), 1, 'error', 'out_of_range', t.id('m1'));
SELECT t.fails($$INSERT INTO bulk_upload_rows (job_id, row_number, status, code, owner_key) VALUES (t.id('jA'), 2, 'error', 'x', t.id('m1'))$$, 'fk_bulk_upload_rows_job'),
  t.fails($$INSERT INTO bulk_upload_rows (job_id, row_number, status, owner_key) VALUES (t.id('jA'), 2, 'error', t.id('A'))$$, 'bulk_upload_rows_outcome'),
  t.fails($$UPDATE bulk_upload_jobs SET processed_rows = 1$$, 'bulk_jobs_counts');
SELECT t.act('m2');
SELECT t.fails($$INSERT INTO bulk_upload_jobs (filename, original_filename, file_size, dedup_key, job_type, organization_id, access_level, created_by) VALUES ('f', 'f', 1, 'k', 'annual', t.id('A'), 'organization', t.id('m2'))$$, 'idx_bulk_jobs_file_hash'),
  t.rows('SELECT 1 FROM bulk_upload_rows', 1, 'm2'), t.rows('DELETE FROM bulk_upload_rows', 0, 'm2 is not its creator');
SELECT t.act('sa');
SELECT t.rows('SELECT 1 FROM bulk_upload_rows', 1, 'sa'), t.rows('SELECT 1 FROM bulk_upload_jobs', 1, 'sa');
SELECT set_config('accunode.all_organizations', '', true), set_config('accunode.owner_keys', '', true);
SELECT t.rows('SELECT 1 FROM bulk_upload_jobs', 0, 'nobody');
SELECT set_config('accunode.worker', 'on', true);
SELECT t.rows('SELECT 1 FROM bulk_upload_jobs', 2, 'worker'), t.rows('SELECT 1 FROM annual_predictions', 0, 'a worker sees jobs only'),
  t.rows($$SELECT 1 FROM claim_bulk_job(t.id('w'), '30 s', 1, 3)$$, 1, 'claim');
SELECT t.rows($$UPDATE bulk_upload_jobs SET processed_rows = 1, success_count = 1, total_rows = 2, checkpoint = '{"row":1}' WHERE lease_token = t.id('w')$$, 1, 'progress');
SELECT t.eq((SELECT row_version FROM bulk_upload_jobs WHERE lease_token = t.id('w')), 2::bigint, 'the claim changed the status, progress changed nothing');
SELECT t.rows($$UPDATE bulk_upload_jobs SET status = 'failed', lease_token = NULL, lease_expires_at = NULL WHERE lease_token = t.id('w')$$, 1, 'fails'),
  t.rows($$SELECT 1 FROM bulk_upload_jobs WHERE status = 'failed' AND dedup_key IS NULL AND row_version = 3$$, 1, 'a failed job makes way for the same file');
ROLLBACK;

-- ## an expired lease is taken over, then given up, or cancelled where asked
BEGIN;
INSERT INTO bulk_upload_jobs (id, filename, original_filename, file_size, job_type, access_level, created_by) VALUES (t.id('jX'), 'f', 'f', 1, 'annual', 'personal', t.id('m1'));
SELECT t.rows($$SELECT 1 FROM claim_bulk_job(t.id('w1'), '-1 s', 1, 2)$$, 1, 'first'), t.rows($$SELECT 1 FROM claim_bulk_job(t.id('w2'), '30 s', 1, 2)$$, 1, 'taken over'),
  t.rows($$SELECT 1 FROM claim_bulk_job(t.id('w3'), '30 s', 1, 2)$$, 0, 'held');
SELECT t.eq((SELECT lease_token FROM bulk_upload_jobs WHERE id = t.id('jX')), t.id('w2'), 'the token fences the first worker off');
UPDATE bulk_upload_jobs SET lease_expires_at = now() - interval '1 s' WHERE id = t.id('jX');
SAVEPOINT expired;
SELECT t.rows($$SELECT 1 FROM claim_bulk_job(t.id('w3'), '30 s', 1, 2)$$, 0, 'enough');
SELECT t.eq((SELECT status::text FROM bulk_upload_jobs WHERE id = t.id('jX')), 'failed', 'given up');
ROLLBACK TO expired;
UPDATE bulk_upload_jobs SET cancel_requested_at = now() WHERE id = t.id('jX');
SELECT t.rows($$SELECT 1 FROM claim_bulk_job(t.id('w3'), '30 s', 1, 9)$$, 0, 'nobody goes on with it');
SELECT t.eq((SELECT status::text FROM bulk_upload_jobs WHERE id = t.id('jX')), 'cancelled', 'cancelled');
ROLLBACK;

-- ## buckets of the probability of default
SELECT t.eq(pd_bucket(0), 0::smallint, '0'), t.eq(pd_bucket(1e-5), 0::smallint, '1e-5'), t.eq(pd_bucket(1), 63::smallint, '1'),
  t.eq(pd_bucket(0.0101), 38::smallint, '0.0101'), t.eq(pd_bucket(0.015), 40::smallint, '0.015'), t.eq(pd_bucket(NULL), NULL::smallint, 'NULL');

-- ## folding keeps the sums
SELECT t.eq(fold_prediction_rollups() > 0, true, 'fold');
SELECT t.eq((SELECT count(*) FROM annual_prediction_rollup_delta), 0::bigint, 'folded'), t.eq((SELECT sum(n)::bigint FROM annual_prediction_rollup), 5::bigint, 'sums');
