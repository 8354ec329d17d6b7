DROP FUNCTION organization_dependants(uuid);
DROP INDEX idx_organizations_created_at;
DROP TRIGGER trg_users_seats ON users;
DROP FUNCTION users_seats();
