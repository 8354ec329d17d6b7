INSERT INTO outcomes
       (organization_id, access_level, created_by, bulk_job_id, id, bulk_row, company_id, company_symbol,
        company_name, company_sector, definition, event, occurred_on, technical, reason_code, external_id, note)
SELECT $1::uuid, $2::text, $3::uuid, $4::uuid, n.*
  FROM unnest($5::uuid[], $6::int[], $7::uuid[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
              $13::date[], $14::boolean[], $15::text[], $16::text[], $17::text[]) n
