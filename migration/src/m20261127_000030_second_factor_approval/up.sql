-- An attacker who knows the password could enrol a second factor in place of the user. An
-- organization can require that an administrator approves each one before it counts.
ALTER TABLE organizations ADD COLUMN second_factor_approval BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE user_totp
  ADD COLUMN enrolment_id      UUID NOT NULL DEFAULT gen_random_uuid(), -- another secret is another enrolment
  ADD COLUMN waits_since       TIMESTAMPTZ,  -- its code was shown, and an administrator has yet to approve it
  ADD COLUMN shown_from        INET,         -- where that was
  ADD COLUMN shown_by          TEXT,
  ADD COLUMN approvers_told_at TIMESTAMPTZ,  -- kept from one enrolment to the next: mails are limited by it
  ADD COLUMN approved_by       UUID REFERENCES users (id) ON DELETE SET NULL,
  ADD CONSTRAINT user_totp_waits_or_counts CHECK (confirmed_at IS NULL OR waits_since IS NULL);
CREATE INDEX idx_user_totp_waiting ON user_totp (user_id) WHERE waits_since IS NOT NULL;
CREATE INDEX idx_user_totp_approved_by ON user_totp (approved_by) WHERE approved_by IS NOT NULL;
