DROP TRIGGER trg_companies_keep_rows ON companies;
DROP FUNCTION companies_keep_rows();
DROP FUNCTION rows_on_company(uuid);
