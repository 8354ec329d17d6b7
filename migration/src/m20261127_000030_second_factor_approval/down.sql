-- Enrolments that still wait have had no effect, and must be repeated.
DELETE FROM user_totp WHERE waits_since IS NOT NULL;
DROP INDEX idx_user_totp_approved_by, idx_user_totp_waiting;
ALTER TABLE user_totp
  DROP CONSTRAINT user_totp_waits_or_counts,
  DROP COLUMN approved_by,
  DROP COLUMN approvers_told_at,
  DROP COLUMN shown_by,
  DROP COLUMN shown_from,
  DROP COLUMN waits_since,
  DROP COLUMN enrolment_id;
ALTER TABLE organizations DROP COLUMN second_factor_approval;
