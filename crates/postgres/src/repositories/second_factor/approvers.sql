-- The users who may approve the second factor of the user $1: active administrators of a higher
-- rank in their organization, tenant_admins of its root, or the super_admins if there is no other.
-- Each of the three is one scan of an index that contains only administrators.
WITH subject AS (
  SELECT u.id,
         h.id AS home,
         h.parent_id AS root,
         CASE
           WHEN u.role = 'org_member' THEN 1
           WHEN u.role = 'org_admin' THEN 2
           WHEN u.role = 'tenant_admin' AND h.parent_id IS NULL THEN 3
           ELSE 2
         END AS rank
    FROM users u
    JOIN organizations h ON h.id = u.organization_id
   WHERE u.id = $1
),
administrators AS (
  (SELECT u.email, u.created_at
     FROM subject s
     JOIN users u ON u.organization_id = s.home
    WHERE u.is_active
      AND u.role IN ('org_admin', 'tenant_admin')
      AND u.id <> s.id
      AND CASE WHEN u.role = 'tenant_admin' AND s.root IS NULL THEN 3 ELSE 2 END > s.rank
    ORDER BY u.created_at, u.email
    LIMIT 10)
  UNION ALL
  (SELECT u.email, u.created_at
     FROM subject s
     JOIN users u ON u.organization_id = s.root
    WHERE u.is_active
      AND u.role IN ('org_admin', 'tenant_admin')
      AND u.role = 'tenant_admin'
      AND u.id <> s.id
    ORDER BY u.created_at, u.email
    LIMIT 10)
)
SELECT a.email
  FROM (SELECT email, created_at FROM administrators
        UNION ALL
        SELECT u.email, u.created_at
          FROM subject s
         CROSS JOIN users u
         WHERE u.is_active
           AND u.role = 'super_admin'
           AND u.id <> s.id
           AND NOT EXISTS (SELECT FROM administrators)) a
 ORDER BY a.created_at, a.email
 LIMIT 10
