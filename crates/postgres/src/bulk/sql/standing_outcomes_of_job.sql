-- What stands of the owner's outcomes on the companies of a job, and which of it the job recorded.
SELECT o.id, o.company_id, o.definition, o.event, o.occurred_on, o.technical, coalesce(o.bulk_job_id = $1, false)
  FROM outcomes o
 WHERE o.owner_key = $2 AND o.withdrawn_at IS NULL
   AND o.company_id IN (SELECT j.company_id FROM outcomes j WHERE j.bulk_job_id = $1)
