SELECT o.external_id, o.id
  FROM unnest($2::text[]) x (id)
  JOIN outcomes o ON o.owner_key = $1 AND o.external_id = x.id AND o.withdrawn_at IS NULL
