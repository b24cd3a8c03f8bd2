-- The newest event of an account that was worked on.

CREATE INDEX inbox_by_account ON inbox (platform, mode, account, event_type, created_at);
