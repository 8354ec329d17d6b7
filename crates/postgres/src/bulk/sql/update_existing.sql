UPDATE {predictions} p
   SET {assignments},
       predicted_at = $1,
       bulk_row = CASE WHEN p.bulk_job_id = $2 THEN s.bulk_row ELSE p.bulk_row END
  FROM unnest($3::uuid[], $4::int[]) n (id, staged)
  JOIN pg_temp.{staging} s ON s.bulk_row = n.staged
 WHERE p.id = n.id AND p.owner_key = $5
RETURNING p.id, p.row_version
