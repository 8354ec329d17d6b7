-- Company search. ILIKE, % and @@ are not leakproof: behind a policy they could not use their
-- index. Therefore this function runs as the owner and applies the actor's keys itself. Best match
-- first; the next page starts after the last row's (rank, id).
CREATE FUNCTION search_companies(q text, max_rows int DEFAULT 20, after_rank real DEFAULT NULL, after_id uuid DEFAULT NULL)
RETURNS TABLE (id uuid, rank real) ROWS 20
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
  wanted   text     := upper(btrim(q));
  prefix   text     := replace(replace(replace(upper(btrim(q)), '\', '\\'), '%', '\%'), '_', '\_') || '%';
  words    tsquery  := plainto_tsquery('simple', q);
  keys     uuid[]   := actor_owner_keys();
  is_super boolean  := actor_is_super();
BEGIN
  IF wanted = '' OR max_rows NOT BETWEEN 1 AND 200 THEN
    RETURN;
  END IF;
  RETURN QUERY
  SELECT hit.id, hit.rank FROM (
    SELECT c.id,
           (CASE WHEN c.symbol = wanted THEN 4
                 WHEN c.symbol LIKE prefix THEN 3
                 WHEN to_tsvector('simple', c.name) @@ words THEN 1
                 ELSE 0 END + similarity(c.name, q))::real AS rank
      FROM companies c
     WHERE (c.symbol LIKE prefix OR c.name % q OR to_tsvector('simple', c.name) @@ words)
       AND (c.owner_key = ANY (keys) OR (is_super AND c.access_level <> 'personal'))) hit
   WHERE after_rank IS NULL OR (hit.rank, hit.id) < (after_rank, after_id)
   ORDER BY hit.rank DESC, hit.id DESC
   LIMIT max_rows;
END $$;
