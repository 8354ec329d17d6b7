ALTER TABLE organizations DROP COLUMN require_second_factor;
DROP TABLE login_challenges, recovery_codes, user_totp;
DROP INDEX idx_user_tokens_open;
