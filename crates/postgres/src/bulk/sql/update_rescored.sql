UPDATE {predictions} p
   SET {assignments},
       predicted_at = $1,
       model_name = $2,
       model_version = $3,
       model_sha256 = $4
  FROM unnest($5::uuid[], $6::int[]) t (id, n)
  JOIN pg_temp.{rescored} s ON s.n = t.n
 WHERE p.id = t.id AND p.row_version = s.row_version AND p.owner_key = $7
