INSERT INTO bulk_upload_rows
       (job_id, owner_key, row_number, status, code, problem, source, prediction_id, old_values,
        company_period, raw_ratios, written_version)
SELECT $1::uuid, $2::uuid, k.*
  FROM unnest($3::int[], $4::text[], $5::text[], $6::jsonb[], $7::text[], $8::uuid[], $9::jsonb[],
              $10::text[], $11::jsonb[], $12::bigint[]) k
