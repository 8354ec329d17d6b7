DROP FUNCTION actor_id(), actor_owner_keys(), actor_admin_keys(), actor_is_super(), actor_break_glass(), actor_is_worker();
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
