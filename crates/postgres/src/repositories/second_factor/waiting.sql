-- The second factors that wait for an administrator, the longest first.
--   $1  the organization
--   $2  the effective roles of the members whose second factors are listed
--   $3  only those that have waited since a later time, or, of the same time,
--   $4  of a later user; both NULL for the first page
--   $5  how many at most
SELECT w.*
  FROM (SELECT t.enrolment_id,
               t.user_id,
               t.waits_since,
               t.shown_from,
               t.shown_by,
               u.email,
               u.first_name,
               u.last_name,
               CASE
                 WHEN u.role = 'tenant_admin' AND h.parent_id IS NOT NULL THEN 'org_admin'
                 ELSE u.role
               END AS role
          FROM user_totp t
          JOIN users u ON u.id = t.user_id
          JOIN organizations h ON h.id = u.organization_id
         WHERE t.confirmed_at IS NULL
           AND t.waits_since IS NOT NULL
           AND u.is_active
           AND u.organization_id = $1) w
 WHERE w.role = ANY ($2)
   AND ($3::timestamptz IS NULL OR (w.waits_since, w.user_id) > ($3, $4::uuid))
 ORDER BY w.waits_since, w.user_id
 LIMIT $5
