-- Writes back what the job wrote over, where nothing but undoing later uploads has changed it
-- since. What is written back is remembered under the version that said it first.
UPDATE {predictions} p
   SET {assignments},
       predicted_at = s.predicted_at,
       restored_version = CASE WHEN s.restored_as = s.row_version THEN s.restored_version ELSE s.row_version END,
       restored_as = p.row_version + 1
  FROM bulk_upload_rows r
 CROSS JOIN LATERAL jsonb_populate_record(NULL::{predictions}, r.old_values) s
 WHERE r.job_id = $1 AND r.status = 'updated' AND r.old_values IS NOT NULL
   AND p.id = r.prediction_id AND p.owner_key = $2
   AND r.written_version = CASE WHEN p.restored_as = p.row_version THEN p.restored_version ELSE p.row_version END
