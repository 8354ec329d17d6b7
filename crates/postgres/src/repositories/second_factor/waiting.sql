-- The second factors that wait for approval, those that wait longest first.
--   $1  the organization
--   $2  the effective roles of the members whose second factors are listed
--   $3  only those that have waited since a later time, or, of the same time,
--   $4  of a later user; both NULL for the first page
--   $5  the most rows
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
           AND t.waits_in = $1
           -- The condition of the index, repeated on the user.
           AND u.organization_id = t.waits_in) w
 WHERE w.role = ANY ($2)
   -- No OR: the index scan begins at the page, even in a plan that is made once for all pages.
   AND (w.waits_since, w.user_id) > (coalesce($3::timestamptz, '-infinity'),
                                     coalesce($4::uuid, '00000000-0000-0000-0000-000000000000'))
 ORDER BY w.waits_since, w.user_id
 LIMIT $5
