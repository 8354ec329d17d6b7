-- Predictions whose ratios came from elsewhere since say what somebody else sent: they stay, unless
-- undoing those uploads has written back what the job had left, which is what the first of the
-- others wrote over. That another model scored them since is no reason to keep them.
DELETE FROM {predictions} p
 WHERE p.bulk_job_id = $1
   AND coalesce(
     (SELECT min(v.row_version) FROM {revisions} v
       WHERE v.prediction_id = p.id AND v.reason = 'ratios' AND v.bulk_job_id IS DISTINCT FROM $1)
       = CASE WHEN p.restored_as = p.row_version THEN p.restored_version ELSE p.row_version END,
     true)
