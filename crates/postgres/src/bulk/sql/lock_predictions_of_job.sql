-- Those that the job made and those that it updated.
SELECT count(*)
  FROM (SELECT FROM {predictions}
         WHERE id IN (SELECT id FROM {predictions} WHERE bulk_job_id = $1
                      UNION
                      SELECT prediction_id FROM bulk_upload_rows WHERE job_id = $1 AND status = 'updated')
         ORDER BY company_id, {period} FOR UPDATE) locked
