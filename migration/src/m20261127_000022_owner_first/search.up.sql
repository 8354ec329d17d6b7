-- Company search with the owner first. The keys of the index contain the owner: the same three
-- letters of two owners are two different keys. A search therefore never reads an entry of the
-- index that belongs to another owner, and its time reveals nothing about the words in other
-- owners' companies.
--
-- The functions run as their owner, because `&&`, `LIKE` and `@@` are not leakproof: behind
-- a policy they would not use their index. They apply the actor's keys themselves.

-- The trigrams of a text, as keys of one owner.
CREATE OR REPLACE FUNCTION company_search_keys(owner uuid, content text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
  RETURN (SELECT array_agg(hashtextextended(t, uuid_hash_extended(owner, 0)) ORDER BY t) FROM unnest(show_trgm(content)) t);

-- Best match first: symbol, prefix of the symbol, all words in the name, similarity of the name.
-- Only companies of these owners (and of organizations, if `organizations` is set) that the actor
-- may read and that pass every other filter.
--
-- A name matches `q` from a similarity of 0.3: at least three tenths of the trigrams of `q` are in
-- it. It therefore contains one of any seven tenths of them, and the ones that are looked up
-- exclude the first in order, which are the beginnings of words and the most common.
CREATE OR REPLACE FUNCTION find_companies(
  q text, max_rows int, owners uuid[], organizations boolean,
  with_symbol text DEFAULT NULL, with_sector text DEFAULT NULL, with_industry text DEFAULT NULL,
  with_country text DEFAULT NULL, with_exchange text DEFAULT NULL,
  market_cap_from bigint DEFAULT NULL, market_cap_to bigint DEFAULT NULL)
RETURNS TABLE (id uuid, rank real) ROWS 20
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
  likeness_from CONSTANT real := 0.3;
  wanted   text    := upper(btrim(q));
  prefix   text    := replace(replace(replace(upper(btrim(q)), '\', '\\'), '%', '\%'), '_', '\_') || '%';
  words    tsquery := plainto_tsquery('simple', q);
  -- cheaper to look for than words, and in every name that has them
  parts    text[]  := ARRAY(SELECT '%' || replace(replace(replace(l, '\', '\\'), '%', '\%'), '_', '\_') || '%'
                              FROM unnest(tsvector_to_array(to_tsvector('simple', q))) l);
  trigrams text[]  := show_trgm(q);
  keys     uuid[];
BEGIN
  IF wanted = '' OR max_rows NOT BETWEEN 1 AND 2000 THEN
    RETURN;
  END IF;
  trigrams := trigrams[greatest(ceil(likeness_from * cardinality(trigrams))::int, 1):];
  -- Those that are asked for, as far as the actor may read them.
  keys := ARRAY(
    SELECT k FROM unnest(owners) k
     WHERE k = ANY (actor_owner_keys())
        OR (actor_is_super() AND (k = '00000000-0000-0000-0000-000000000000' OR EXISTS (SELECT FROM organizations o WHERE o.id = k)))
    UNION
    SELECT o.id FROM organizations o
     WHERE find_companies.organizations AND (actor_is_super() OR o.id = ANY (actor_owner_keys())));
  RETURN QUERY
  SELECT hit.id, hit.rank FROM unnest(keys) o (key) CROSS JOIN LATERAL (
    SELECT c.id, (CASE WHEN c.symbol = wanted THEN 4 ELSE 3 END + similarity(c.name, q))::real AS rank
      FROM companies c
     WHERE c.owner_key = o.key AND c.symbol LIKE prefix
       AND (with_symbol IS NULL OR c.symbol = with_symbol) AND (with_sector IS NULL OR c.sector = with_sector)
       AND (with_industry IS NULL OR c.industry = with_industry) AND (with_country IS NULL OR c.country = with_country)
       AND (with_exchange IS NULL OR c.exchange = with_exchange)
       AND (market_cap_from IS NULL OR c.market_cap >= market_cap_from)
       AND (market_cap_to IS NULL OR c.market_cap <= market_cap_to)
    UNION ALL
    SELECT n.id, (n.likeness + n.has_words::int)::real FROM (
      SELECT c.id, similarity(c.name, q) AS likeness,
             CASE WHEN lower(c.name) LIKE ALL (parts) THEN to_tsvector('simple', c.name) @@ words ELSE false END AS has_words
        FROM companies c
       WHERE company_search_keys(c.owner_key, c.name)
             && ARRAY(SELECT hashtextextended(t, uuid_hash_extended(o.key, 0)) FROM unnest(trigrams) t)
         AND c.owner_key = o.key AND c.symbol NOT LIKE prefix
         AND (with_symbol IS NULL OR c.symbol = with_symbol) AND (with_sector IS NULL OR c.sector = with_sector)
         AND (with_industry IS NULL OR c.industry = with_industry) AND (with_country IS NULL OR c.country = with_country)
         AND (with_exchange IS NULL OR c.exchange = with_exchange)
         AND (market_cap_from IS NULL OR c.market_cap >= market_cap_from)
         AND (market_cap_to IS NULL OR c.market_cap <= market_cap_to)
      OFFSET 0) n
     WHERE n.likeness >= likeness_from OR n.has_words) hit
   ORDER BY hit.rank DESC, hit.id DESC
   LIMIT max_rows;
END $$;

-- For programs of the previous version, which serve until they are replaced.
CREATE OR REPLACE FUNCTION search_companies(q text, max_rows int DEFAULT 20, after_rank real DEFAULT NULL, after_id uuid DEFAULT NULL)
RETURNS TABLE (id uuid, rank real) ROWS 20
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT h.id, h.rank FROM find_companies(q, 2000, actor_owner_keys(), true) h
   WHERE max_rows BETWEEN 1 AND 200 AND (after_rank IS NULL OR (h.rank, h.id) < (after_rank, after_id))
   ORDER BY h.rank DESC, h.id DESC LIMIT max_rows
$$;

GRANT EXECUTE ON FUNCTION company_search_keys(uuid, text),
  find_companies(text, int, uuid[], boolean, text, text, text, text, text, bigint, bigint) TO accunode_server;
