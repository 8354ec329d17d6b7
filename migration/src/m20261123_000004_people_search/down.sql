DROP INDEX idx_users_search;
