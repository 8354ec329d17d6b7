-- A company takes along what stands on it, by the cascade of its foreign keys, which runs as the
-- tables' owner: no policy is asked of the rows that go. So whoever removes a company is asked
-- first, whether each of those rows is theirs to remove.

-- What stands on a company, whoever may read it, counted by the rule that each row is under.
CREATE FUNCTION rows_on_company(company uuid)
RETURNS TABLE (entity text, access_level text, organization_id uuid, created_by uuid, n bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT r.entity, r.access_level::text, r.organization_id, r.created_by, count(*)
    FROM (SELECT 'prediction' AS entity, p.access_level, p.organization_id, p.created_by
            FROM annual_predictions p WHERE p.company_id = company
          UNION ALL
          SELECT 'prediction', p.access_level, p.organization_id, p.created_by
            FROM quarterly_predictions p WHERE p.company_id = company
          UNION ALL
          SELECT 'outcome', o.access_level, o.organization_id, o.created_by
            FROM outcomes o WHERE o.company_id = company) r
   GROUP BY 1, 2, 3, 4
$$;
GRANT EXECUTE ON FUNCTION rows_on_company(uuid) TO accunode_server;

-- The delete policies of predictions and outcomes, asked of the rows that would go along. The
-- row of the company is locked by then, so that no other row comes onto it meanwhile. Where a
-- cascade removes the company (its organization is deleted), no policy is in force.
CREATE FUNCTION companies_keep_rows() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  kept bigint;
BEGIN
  IF NOT row_security_active(TG_RELID) THEN
    RETURN OLD;
  END IF;
  SELECT sum(r.n) INTO kept
    FROM rows_on_company(OLD.id) r
   WHERE NOT coalesce(CASE
           WHEN r.access_level = 'personal' THEN r.created_by = actor_id()
           WHEN r.entity = 'outcome' THEN false
           WHEN r.access_level = 'organization' THEN
             r.organization_id = ANY (actor_admin_keys())
             OR (r.created_by = actor_id() AND r.organization_id = ANY (actor_owner_keys()))
             OR actor_is_super()
           ELSE actor_is_super() END, false);
  IF kept > 0 THEN
    RETURN NULL;  -- as a row that the policy does not let through
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER trg_companies_keep_rows BEFORE DELETE ON companies FOR EACH ROW EXECUTE FUNCTION companies_keep_rows();
