-- Attempts are counted from here on. A chunk whose checkpoint stands there already is
-- stored, and is not counted twice.
UPDATE bulk_upload_jobs
   SET processed_rows = processed_rows + $1,
       success_count = success_count + $2,
       updated_count = updated_count + $3,
       skipped_count = skipped_count + $4,
       error_count = error_count + $5,
       attempts = 0,
       rows_kept = rows_kept + $6::int,
       total_rows = coalesce($7, total_rows),
       warnings = $8,
       checkpoint = $9
 WHERE id = $10 AND lease_token = $11 AND coalesce((checkpoint->>'row')::int, 0) <> $12
