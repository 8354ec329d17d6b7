DROP TRIGGER trg_organizations_tenancy ON organizations;
DROP TRIGGER trg_users_tenancy_del ON users;
DROP TRIGGER trg_users_tenancy_upd ON users;
DROP FUNCTION tenancy_changed(), tenancy_version();
DROP TABLE tenancy_state;
