-- What stands of an owner's outcomes on these companies.
SELECT o.id, o.company_id, o.definition, o.event, o.occurred_on, o.technical
  FROM unnest($2::uuid[]) c (id)
  JOIN outcomes o ON o.company_id = c.id AND o.owner_key = $1 AND o.withdrawn_at IS NULL
