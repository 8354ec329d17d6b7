DROP TABLE user_tokens, join_tokens, allowed_emails, invitations, api_keys;
