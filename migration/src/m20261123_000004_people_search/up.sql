-- A search for people by a part of name or address.
CREATE INDEX idx_users_search ON users
  USING gin ((email || ' ' || coalesce(first_name, '') || ' ' || coalesce(last_name, '')) gin_trgm_ops);
