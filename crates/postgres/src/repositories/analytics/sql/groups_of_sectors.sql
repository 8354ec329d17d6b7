SELECT {group_name} AS group_name, {group_id} AS group_id, r.risk_level, r.n
  FROM (SELECT f.owner_key, f.access_level, f.sector, f.risk_level, f.n
          FROM sector_rollup f
         WHERE f.kind = '{kind}' AND f.reporting_year = {year_or_all}
        UNION ALL
        SELECT d.owner_key, d.access_level, d.sector, d.risk_level, d.n
          FROM {rollup_delta} d
         WHERE true {year:d}) r {group_join}
 WHERE {visible:r}
