-- Who may approve the second factor of the user $1: active administrators of a higher rank in
-- their organization, tenant_admins of its root, or the super_admins where there is no other.
WITH ranked AS NOT MATERIALIZED (
  SELECT u.id,
         u.email,
         u.created_at,
         u.role,
         u.is_active,
         h.id AS home,
         h.parent_id AS root,
         CASE
           WHEN u.role = 'org_member' THEN 1
           WHEN u.role = 'org_admin' THEN 2
           WHEN u.role = 'tenant_admin' AND h.parent_id IS NULL THEN 3
           WHEN u.role = 'tenant_admin' THEN 2
           ELSE 0
         END AS rank
    FROM users u
    LEFT JOIN organizations h ON h.id = u.organization_id
),
subject AS (
  SELECT r.* FROM ranked r WHERE r.id = $1 AND r.home IS NOT NULL
),
approvers AS (
  SELECT r.email, r.created_at, r.role = 'super_admin' AS is_super
    FROM subject s
    CROSS JOIN ranked r
   WHERE r.is_active
     AND r.id <> s.id
     AND (   r.role = 'super_admin'
          OR (r.home = s.home AND r.rank > s.rank AND r.rank > 1)
          OR (r.home = s.root AND r.rank = 3))
)
SELECT a.email
  FROM approvers a
 WHERE NOT a.is_super
    OR NOT EXISTS (SELECT FROM approvers b WHERE NOT b.is_super)
 ORDER BY a.created_at, a.email
 LIMIT 10
