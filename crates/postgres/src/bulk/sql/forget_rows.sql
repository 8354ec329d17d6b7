WITH gone AS (
  DELETE FROM bulk_upload_rows WHERE job_id = $1 AND row_number = ANY ($2) RETURNING status)
SELECT count(*) FILTER (WHERE status IN ('error', 'skipped')) AS n FROM gone
