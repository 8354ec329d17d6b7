SELECT prediction_id, row_number, source, old_values
  FROM bulk_upload_rows
 WHERE status = 'updated' AND job_id = $1 AND prediction_id = ANY ($2)
