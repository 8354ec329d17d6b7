-- Predictions whose ratios came from elsewhere since say what somebody else sent: they stay. That
-- another model scored them since is no reason to keep them.
DELETE FROM {predictions} p
 WHERE p.bulk_job_id = $1
   AND NOT EXISTS (
     SELECT FROM {revisions} v
      WHERE v.prediction_id = p.id AND v.reason = 'ratios' AND v.bulk_job_id IS DISTINCT FROM $1)
