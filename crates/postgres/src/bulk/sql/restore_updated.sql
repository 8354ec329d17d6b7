-- Writes back what the job wrote over, where nothing has changed it since.
UPDATE {predictions} p
   SET {assignments},
       predicted_at = s.predicted_at
  FROM bulk_upload_rows r
 CROSS JOIN LATERAL jsonb_populate_record(NULL::{predictions}, r.old_values) s
 WHERE r.job_id = $1 AND r.status = 'updated' AND r.old_values IS NOT NULL
   AND p.id = r.prediction_id AND p.owner_key = $2 AND p.row_version = r.written_version
