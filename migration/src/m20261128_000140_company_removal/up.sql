-- Deleting a company deletes its rows by the cascade of their foreign keys, which runs as the
-- tables' owner without policies. Therefore every deletion of a company first checks whether each
-- of those rows may be deleted.

-- The rows on a company, whoever may read them, counted by the rule of each row.
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

-- Applies the delete policies of predictions and outcomes to the rows that would be deleted. The
-- row of the company is locked by then, so that no other row is added in the meantime. If a cascade
-- removes the company (its organization is deleted), no policy applies.
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
