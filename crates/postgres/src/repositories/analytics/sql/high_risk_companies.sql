-- Companies of only one of the owners, companies of several owners, and the effect of the latest
-- changes, which have not been folded yet, on the companies concerned.
SELECT ((SELECT coalesce(sum(c.n), 0)
           FROM high_risk_company_counts c
          WHERE c.kind = '{kind}' AND {visible:c} AND c.reporting_year = {year_or_all})
        + (SELECT count(DISTINCT s.company_id)
             FROM high_risk_companies_shared s
            WHERE s.kind = '{kind}' AND {visible:s} AND s.reporting_year = {year_or_all})
        + (SELECT count(*) FILTER (WHERE e.has) - count(*) FILTER (WHERE e.had)
             FROM (SELECT o.company_id, bool_or(o.folded > 0) AS had, bool_or(o.folded + o.pending > 0) AS has
                     FROM (SELECT m.company_id, m.owner_key, m.reporting_year,
                                  sum(m.folded) AS folded, sum(m.pending) AS pending
                             FROM (SELECT d.company_id, d.owner_key, d.reporting_year, 0 AS folded, d.n AS pending
                                     FROM high_risk_company_delta d
                                    WHERE d.kind = '{kind}' AND {visible:d} {year:d}
                                   UNION ALL
                                   SELECT f.company_id, f.owner_key, f.reporting_year, f.n, 0
                                     FROM (SELECT DISTINCT d.company_id
                                             FROM high_risk_company_delta d
                                            WHERE d.kind = '{kind}' AND {visible:d} {year:d}) t
                                    CROSS JOIN LATERAL (
                                      SELECT h.company_id, h.owner_key, h.reporting_year, h.n
                                        FROM high_risk_companies h
                                       WHERE h.company_id = t.company_id AND h.kind = '{kind}' AND {visible:h} {year:h}
                                      OFFSET 0) f) m
                            GROUP BY m.company_id, m.owner_key, m.reporting_year) o
                    GROUP BY o.company_id) e))::bigint AS high_risk_companies
