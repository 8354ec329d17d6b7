-- OFFSET 0 prevents the planner from reading all predictions, or all jobs, into a hash table in
-- order to check those of one page.
ALTER POLICY annual_prediction_revisions_read ON annual_prediction_revisions
  USING (EXISTS (SELECT FROM annual_predictions p WHERE p.id = prediction_id OFFSET 0));
ALTER POLICY quarterly_prediction_revisions_read ON quarterly_prediction_revisions
  USING (EXISTS (SELECT FROM quarterly_predictions p WHERE p.id = prediction_id OFFSET 0));
ALTER POLICY bulk_upload_rows_read ON bulk_upload_rows USING (
  owner_key = ANY ((SELECT actor_owner_keys())::uuid[])
  OR job_id = (SELECT actor_break_glass())
  OR ((SELECT actor_is_super()) AND EXISTS (SELECT FROM bulk_upload_jobs j WHERE j.id = job_id OFFSET 0)));
