-- Every version of an owner's predictions, and the outcomes of their companies, company by
-- company. `what` is 0 for a version and 1 for an outcome.
DECLARE histories NO SCROLL CURSOR FOR
SELECT h.*
  FROM (
    SELECT p.company_id, 0 AS what, {period_end} AS day, p.predicted_at AS at, NULL::timestamptz AS until,
           p.pd, $5::text = ANY (p.flags) AS flag, p.model_name || ' ' || p.model_version AS name
      FROM {predictions} p
     WHERE p.owner_key = $1::uuid AND p.predicted_at <= $2::timestamptz
    UNION ALL
    SELECT p.company_id, 0, {period_end}, r.predicted_at, r.replaced_at,
           r.pd, $5::text = ANY (r.flags), r.model_name || ' ' || r.model_version
      FROM {revisions} r
      JOIN {predictions} p ON p.id = r.prediction_id
     WHERE p.owner_key = $1::uuid AND r.predicted_at <= $2::timestamptz
    UNION ALL
    SELECT o.company_id, 1, o.occurred_on, o.created_at, o.withdrawn_at,
           0, o.technical, o.event
      FROM outcomes o
     WHERE o.owner_key = ANY ($4::uuid[]) AND o.definition = $3::text AND o.created_at <= $2::timestamptz
  ) h
 ORDER BY h.company_id
