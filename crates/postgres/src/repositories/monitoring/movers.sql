-- The companies whose log-odds differ most between two periods, by the same model. A PD of 0 or
-- 1, which a model of one's own may give, counts as next to it.
WITH {actor}
SELECT x.*
  FROM a
 CROSS JOIN LATERAL (
   SELECT m.company_id, m.company_symbol, m.company_name, m.from_pd, m.to_pd
     FROM (SELECT p.company_id, p.company_symbol, p.company_name, f.pd AS from_pd, p.pd AS to_pd,
                  least(greatest(p.pd, 1e-12), 1 - 1e-12) AS now,
                  least(greatest(f.pd, 1e-12), 1 - 1e-12) AS before
             FROM {predictions} p
             JOIN {predictions} f ON f.owner_key = p.owner_key AND f.company_id = p.company_id
            WHERE {visible:p} AND p.model_name = $5 AND p.model_version = $6 AND p.model_sha256 = $7
              {of_period:p} AND NOT 'sector_out_of_scope' = ANY (p.flags)
              AND {visible:f} AND f.model_name = $5 AND f.model_version = $6 AND f.model_sha256 = $7
              {of_period:f} AND NOT 'sector_out_of_scope' = ANY (f.flags)
              AND p.pd <> f.pd) m
    ORDER BY abs(ln(m.now / (1 - m.now)) - ln(m.before / (1 - m.before))) DESC, m.company_id
    LIMIT {limit}
   OFFSET 0) x
