SELECT current_user::text AS name,
       r.rolsuper AS superuser,
       r.rolbypassrls AS bypasses,
       coalesce(pg_has_role(current_user, to_regrole('accunode_owner')::oid, 'USAGE'), false)
         OR EXISTS (SELECT FROM pg_class c
                     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relrowsecurity
                       AND pg_has_role(current_user, c.relowner, 'USAGE')) AS owns,
       pg_has_role(current_user, to_regrole('accunode_server')::oid, 'USAGE') AS is_server,
       pg_has_role(current_user, to_regrole('accunode_server')::oid, 'MEMBER') AS may_be_server,
       pg_has_role(current_user, to_regrole('accunode_owner')::oid, 'MEMBER') AS may_be_owner
  FROM pg_roles r
 WHERE r.rolname = current_user
