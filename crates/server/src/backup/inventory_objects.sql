-- Every object of the schema: kind, name, and a hash of its definition. When PostgreSQL reads an
-- expression from its own output, it prints other casts and parentheses: these are ignored.
WITH member AS (
  SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), relation AS (
  SELECT c.* FROM pg_class c
   WHERE c.relnamespace = 'public'::regnamespace
     AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
), object (kind, name, definition) AS (
  SELECT 'relation', c.relname::text,
         concat_ws('|', c.relkind, c.relowner::regrole, c.relrowsecurity, c.relforcerowsecurity, c.relpersistence,
                   pg_get_expr(c.relpartbound, c.oid), array_to_string(c.reloptions, ','),
                   (SELECT string_agg(concat_ws(':', a.grantor::regrole, a.grantee::regrole, a.privilege_type, a.is_grantable), ','
                                      ORDER BY a.grantor::regrole::text, a.grantee::regrole::text, a.privilege_type)
                      FROM aclexplode(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) a))
    FROM relation c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
  UNION ALL
  SELECT 'column', c.relname || '.' || a.attname,
         concat_ws('|', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated, a.attidentity,
                   pg_get_expr(d.adbin, d.adrelid),
                   (SELECT string_agg(concat_ws(':', x.grantee::regrole, x.privilege_type), ',' ORDER BY x.grantee::regrole::text, x.privilege_type)
                      FROM aclexplode(a.attacl) x))
    FROM relation c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  UNION ALL
  SELECT 'constraint', c.relname || '.' || k.conname, concat_ws('|', pg_get_constraintdef(k.oid), k.convalidated)
    FROM relation c JOIN pg_constraint k ON k.conrelid = c.oid
   WHERE k.contype <> 'n'
  UNION ALL
  SELECT 'index', c.relname::text, concat_ws('|', pg_get_indexdef(c.oid), i.indisvalid)
    FROM relation c JOIN pg_index i ON i.indexrelid = c.oid
  UNION ALL
  SELECT 'trigger', c.relname || '.' || t.tgname, concat_ws('|', pg_get_triggerdef(t.oid), t.tgenabled)
    FROM relation c JOIN pg_trigger t ON t.tgrelid = c.oid
   WHERE NOT t.tgisinternal
  UNION ALL
  SELECT 'policy', p.tablename || '.' || p.policyname,
         concat_ws('|', p.permissive, (SELECT string_agg(r::text, ',' ORDER BY r) FROM unnest(p.roles) r), p.cmd, p.qual, p.with_check)
    FROM pg_policies p WHERE p.schemaname = 'public'
  UNION ALL
  SELECT 'function', f.oid::regprocedure::text,
         concat_ws('|', pg_get_functiondef(f.oid), f.proowner::regrole,
                   (SELECT string_agg(concat_ws(':', a.grantee::regrole, a.privilege_type), ',' ORDER BY a.grantee::regrole::text, a.privilege_type)
                      FROM aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a))
    FROM pg_proc f
   WHERE f.pronamespace = 'public'::regnamespace AND f.prokind IN ('f', 'p')
     AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_proc'::regclass AND m.objid = f.oid)
  UNION ALL
  SELECT 'type', t.typname::text, concat_ws('|', t.typtype, format_type(t.typbasetype, t.typtypmod))
    FROM pg_type t
   WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('d', 'e', 'r', 'm')
     AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid)
  UNION ALL
  SELECT 'role', r.rolname::text, concat_ws('|', r.rolsuper, r.rolbypassrls, r.rolcreatedb, r.rolcreaterole, r.rolinherit)
    FROM pg_roles r WHERE r.rolname IN ('accunode_owner', 'accunode_server')
)
SELECT kind, name, md5(regexp_replace(definition, '::[a-z_ ]+(\([0-9]+\))?(\[\])?|[() ]', '', 'g'))
  FROM object
