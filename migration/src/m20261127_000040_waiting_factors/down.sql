DROP INDEX idx_users_administrators;
DROP TRIGGER users_moved_waiting ON users;
DROP FUNCTION users_moved_waiting();
DROP TRIGGER user_totp_waits_in ON user_totp;
DROP FUNCTION user_totp_waits_in();
DROP INDEX idx_user_totp_waiting;
ALTER TABLE user_totp DROP COLUMN waits_in;
CREATE INDEX idx_user_totp_waiting ON user_totp (user_id) WHERE waits_since IS NOT NULL;
