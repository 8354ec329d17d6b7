(SELECT n.created_at
   FROM organizations o
  CROSS JOIN LATERAL (
    SELECT p.created_at
      FROM {predictions} p
     WHERE a.actor IS NOT NULL AND p.owner_key = o.id {year:p}
     ORDER BY p.created_at DESC, p.id DESC
     LIMIT 1) n)
UNION ALL
