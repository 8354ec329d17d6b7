(SELECT p.created_at
   FROM {predictions} p
  WHERE a.actor IS NOT NULL AND p.access_level = 'organization' {year:p}
  ORDER BY p.created_at DESC, p.id DESC
  LIMIT 1)
UNION ALL
