-- The outcomes of the rows of a job that creates annual predictions, in the order of its file: rows
-- that were kept with the job, and rows that became predictions.
--   $1, $2, $3  the settings of the actor
--   $4, $5, $6  the owners that the reader may read, whether those of every organization, and
--               the job that break-glass names
--   $7, $8      the job and its owner
--   $9          only rows after this one
--   $10         only outcomes with this status, or NULL
--   $11, $12    whether kept rows, and whether predictions, are requested
--   $13         the most rows
-- The CTE is read laterally, so that the actor is set before any row is read.
WITH a AS MATERIALIZED (
  SELECT set_config('accunode.owner_keys', $1, true)
      || set_config('accunode.all_organizations', $2, true)
      || set_config('accunode.break_glass', $3, true) AS actor,
         $4::uuid[] AS keys,
         $5::boolean AS every,
         $6::uuid AS glass
)
SELECT x.*
  FROM a
 CROSS JOIN LATERAL (
    SELECT y.*
      FROM ((SELECT r.row_number,
                    r.status,
                    r.problem,
                    r.prediction_id,
                    CASE WHEN r.status <> 'ok' THEN r.source END AS source
               FROM bulk_upload_rows r
              WHERE $11::boolean
                AND a.actor IS NOT NULL
                AND r.job_id = $7
                AND r.owner_key = $8
                AND r.row_number > $9
                AND ($10::text IS NULL OR r.status = $10)
              ORDER BY r.row_number
              LIMIT $13)
            UNION ALL
            (SELECT p.bulk_row,
                    'ok',
                    NULL::jsonb,
                    p.id,
                    NULL::text
               FROM annual_predictions p
              WHERE $12::boolean
                AND (   p.owner_key = ANY (a.keys)
                     OR (a.every AND p.access_level = 'organization')
                     OR p.bulk_job_id = a.glass)
                AND p.bulk_job_id = $7
                AND p.bulk_row > $9
              ORDER BY p.bulk_row
              LIMIT $13)) y
     ORDER BY y.row_number
     LIMIT $13
 ) x
 ORDER BY x.row_number
