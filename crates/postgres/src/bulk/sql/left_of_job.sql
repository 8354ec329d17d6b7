-- What is left of the predictions that a job made, and those of its updates that are there.
SELECT (SELECT count(*) FROM {predictions} WHERE bulk_job_id = $1)
     + (SELECT count(*)
          FROM bulk_upload_rows r
          JOIN {predictions} p ON p.id = r.prediction_id
         WHERE r.job_id = $1 AND r.status = 'updated' AND p.bulk_job_id IS DISTINCT FROM $1)
