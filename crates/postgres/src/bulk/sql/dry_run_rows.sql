SELECT row_number, company_period, raw_ratios, source
  FROM bulk_upload_rows
 WHERE job_id = $1 AND company_period = ANY ($2)
