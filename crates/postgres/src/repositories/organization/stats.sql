-- The counts of each of the organizations $6, over the rows that the reader may read.
--   $1, $2, $3  the settings of the actor
--   $4          the owners that the reader may read
--   $5          whether the reader may read the rows of every organization
-- The CTE is read laterally, so that the actor is set before any row is read.
WITH a AS MATERIALIZED (
  SELECT set_config('accunode.owner_keys', $1, true)
      || set_config('accunode.all_organizations', $2, true)
      || set_config('accunode.break_glass', $3, true) AS actor,
         $4::uuid[] AS keys,
         $5::boolean AS every
)
SELECT x.*
  FROM a
 CROSS JOIN LATERAL (
    SELECT o.id,
           o.at,
           (SELECT count(*)
              FROM companies p
             WHERE p.owner_key = o.id
               AND (p.owner_key = ANY (a.keys) OR (a.every AND p.access_level = 'organization'))
           ) AS companies,
           (SELECT count(*)
              FROM bulk_upload_jobs p
             WHERE p.owner_key = o.id
               AND (p.owner_key = ANY (a.keys) OR (a.every AND p.access_level = 'organization'))
           ) AS jobs,
           (SELECT count(*)
              FROM bulk_upload_jobs p
             WHERE p.owner_key = o.id
               AND (p.owner_key = ANY (a.keys) OR (a.every AND p.access_level = 'organization'))
               AND p.status IN ('pending', 'processing')
           ) AS open_jobs,
           (SELECT coalesce(sum(p.n), 0)::bigint
              FROM annual_prediction_rollup_live p
             WHERE p.owner_key = o.id
               AND (p.owner_key = ANY (a.keys) OR (a.every AND p.access_level = 'organization'))
           ) AS annual_predictions,
           (SELECT coalesce(sum(p.n), 0)::bigint
              FROM quarterly_prediction_rollup_live p
             WHERE p.owner_key = o.id
               AND (p.owner_key = ANY (a.keys) OR (a.every AND p.access_level = 'organization'))
           ) AS quarterly_predictions,
           (SELECT count(*) FROM organizations c WHERE c.parent_id = o.id) AS children,
           (SELECT count(*) FROM users u WHERE u.organization_id = o.id) AS users,
           (SELECT count(*) FROM users u WHERE u.organization_id = o.id AND u.is_active) AS active_users
      FROM unnest($6::uuid[]) WITH ORDINALITY o (id, at)
    -- The offset prevents the planner from flattening the subquery.
    OFFSET 0
 ) x
 ORDER BY x.at
