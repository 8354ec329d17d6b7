DROP TRIGGER trg_jobs_touch ON bulk_upload_jobs;
DROP TRIGGER trigger_annual_prediction_org_check ON annual_predictions;
DROP TRIGGER trigger_annual_prediction_org_check_upd ON annual_predictions;
DROP TRIGGER trigger_quarterly_prediction_org_check ON quarterly_predictions;
DROP TRIGGER trigger_quarterly_prediction_org_check_upd ON quarterly_predictions;
DROP TRIGGER trg_annual_touch ON annual_predictions;
DROP TRIGGER trg_quarterly_touch ON quarterly_predictions;
DROP TRIGGER trg_companies_touch ON companies;
DROP TRIGGER trg_users_last_super_admin_del ON users;
DROP TRIGGER trg_users_last_super_admin_upd ON users;
DROP TRIGGER trg_users_touch ON users;
DROP TRIGGER trg_organizations_delete ON organizations;
DROP TRIGGER trg_organizations_touch ON organizations;
DROP TRIGGER trg_organizations_depth ON organizations;
DROP FUNCTION bulk_jobs_before_update(), check_prediction_organization_consistency(), predictions_before_update(),
  companies_before_update(), access_level_rank(text), users_last_super_admin(), users_before_update(),
  organizations_before_delete(), touch_updated_at(), organizations_depth();
