-- Every version of the predictions that an owner has or had, and the outcomes of their companies,
-- company by company. `what` is 0 for a version, 1 for an outcome and 2 for a deleted prediction, of
-- which only the times are known. A prediction that was raised from another level counts for this owner from `since` on, and for its former one until then.
DECLARE histories NO SCROLL CURSOR FOR
WITH raised AS MATERIALIZED (
  SELECT w.prediction_id, max(w.until) AS since FROM {owners} w GROUP BY w.prediction_id
), former AS MATERIALIZED (
  SELECT w.prediction_id, w.until,
         (SELECT max(e.until) FROM {owners} e WHERE e.prediction_id = w.prediction_id AND e.until < w.until) AS since
    FROM {owners} w
   WHERE w.owner_key = $1::uuid
)
SELECT h.*
  FROM (
    SELECT p.company_id, 0 AS what, {period_end} AS day, p.predicted_at AS at, NULL::timestamptz AS until,
           p.pd, $5::text = ANY (p.flags) AS flag, p.model_name || ' ' || p.model_version AS name, f.since
      FROM {predictions} p
      LEFT JOIN raised f ON f.prediction_id = p.id
     WHERE p.owner_key = $1::uuid AND p.predicted_at <= $2::timestamptz
    UNION ALL
    SELECT p.company_id, 0, {period_end}, r.predicted_at, r.replaced_at,
           r.pd, $5::text = ANY (r.flags), r.model_name || ' ' || r.model_version, f.since
      FROM {revisions} r
      JOIN {predictions} p ON p.id = r.prediction_id
      LEFT JOIN raised f ON f.prediction_id = p.id
     WHERE p.owner_key = $1::uuid AND r.predicted_at <= $2::timestamptz AND (f.since IS NULL OR f.since < r.replaced_at)
    UNION ALL
    SELECT p.company_id, 0, {period_end}, p.predicted_at, f.until,
           p.pd, $5::text = ANY (p.flags), p.model_name || ' ' || p.model_version, f.since
      FROM former f
      JOIN {predictions} p ON p.id = f.prediction_id
     WHERE p.predicted_at <= least(f.until, $2::timestamptz)
    UNION ALL
    SELECT p.company_id, 0, {period_end}, r.predicted_at, least(r.replaced_at, f.until),
           r.pd, $5::text = ANY (r.flags), r.model_name || ' ' || r.model_version, f.since
      FROM former f
      JOIN {predictions} p ON p.id = f.prediction_id
      JOIN {revisions} r ON r.prediction_id = p.id
     WHERE r.predicted_at <= least(f.until, $2::timestamptz) AND (f.since IS NULL OR f.since < r.replaced_at)
    UNION ALL
    SELECT o.company_id, 1, o.occurred_on, o.created_at, o.withdrawn_at,
           0, o.technical, o.event, NULL
      FROM outcomes o
     WHERE o.owner_key = ANY ($4::uuid[]) AND o.definition = $3::text AND o.created_at <= $2::timestamptz
    UNION ALL
    SELECT d.company_id, 2, d.period_end, d.predicted_at, d.deleted_at, 0, FALSE, '', NULL
      FROM prediction_deletions d
     WHERE d.owner_key = $1::uuid AND d.kind = $6::text AND d.predicted_at <= $2::timestamptz
  ) h
 ORDER BY h.company_id
