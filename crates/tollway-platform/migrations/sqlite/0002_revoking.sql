-- Whoever has asked Stripe to revoke an account, until that is recorded: Stripe's webhook may be faster than its answer.

ALTER TABLE connections ADD COLUMN revoking_at BIGINT;
ALTER TABLE connections ADD COLUMN revoking_actor TEXT;
ALTER TABLE connections ADD COLUMN revoking_address TEXT;
