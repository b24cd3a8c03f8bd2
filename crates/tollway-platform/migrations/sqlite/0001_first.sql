-- Times are Unix milliseconds. Hashes are SHA-256. Sealed values are envelopes (see seal.rs).

CREATE TABLE attempts (
    id           TEXT PRIMARY KEY,
    platform     TEXT NOT NULL,
    mode         TEXT NOT NULL,
    tenant       TEXT NOT NULL,
    state_hash   BLOB NOT NULL UNIQUE,
    browser_hash BLOB NOT NULL,
    redirect_uri TEXT NOT NULL,
    scope        TEXT NOT NULL,
    return_to    TEXT,
    address      TEXT,
    status       TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'exchanging', 'confirming', 'finished')),
    outcome      TEXT,
    account      TEXT,
    detail       TEXT,
    answer_hash  BLOB,
    grant_sealed BLOB,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    claimed_at   BIGINT,
    finished_at  BIGINT,
    CHECK ((status = 'finished') = (outcome IS NOT NULL)),
    CHECK ((status = 'confirming') = (grant_sealed IS NOT NULL))
);
CREATE INDEX attempts_by_status ON attempts (status, claimed_at);
CREATE INDEX attempts_by_tenant ON attempts (platform, mode, tenant, id);

CREATE TABLE connections (
    id                TEXT PRIMARY KEY,
    platform          TEXT NOT NULL,
    mode              TEXT NOT NULL,
    tenant            TEXT NOT NULL,
    account           TEXT NOT NULL,
    scope             TEXT NOT NULL,
    status            TEXT NOT NULL CHECK (status IN ('active', 'disconnected')),
    publishable_key   TEXT,
    access_token      BLOB,
    refresh_token     BLOB,
    -- Set while this connection alone may use the account; then no other active one can name it.
    exclusive_account TEXT,
    first_connected_at BIGINT NOT NULL,
    connected_at      BIGINT NOT NULL,
    disconnected_at   BIGINT,
    disconnected_why  TEXT,
    UNIQUE (platform, mode, tenant, account),
    CHECK ((status = 'disconnected') = (disconnected_at IS NOT NULL)),
    CHECK (status = 'active' OR (access_token IS NULL AND refresh_token IS NULL AND exclusive_account IS NULL))
);
CREATE UNIQUE INDEX connections_one_active_per_tenant ON connections (platform, mode, tenant) WHERE status = 'active';
CREATE UNIQUE INDEX connections_exclusive_account ON connections (platform, mode, exclusive_account) WHERE exclusive_account IS NOT NULL;
CREATE INDEX connections_by_account ON connections (platform, mode, account);

-- Who did what, append-only.
CREATE TABLE history (
    id         TEXT PRIMARY KEY,
    at         BIGINT NOT NULL,
    platform   TEXT NOT NULL,
    mode       TEXT NOT NULL,
    tenant     TEXT,
    account    TEXT,
    action     TEXT NOT NULL,
    actor      TEXT NOT NULL,
    address    TEXT,
    detail     TEXT
);
CREATE INDEX history_by_tenant ON history (platform, mode, tenant, id);
CREATE TRIGGER history_is_append_only_update BEFORE UPDATE ON history BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER history_is_append_only_delete BEFORE DELETE ON history BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;

-- Webhook deliveries: stored as they came, worked on afterwards.
CREATE TABLE inbox (
    id          TEXT PRIMARY KEY,
    platform    TEXT NOT NULL,
    mode        TEXT NOT NULL,
    endpoint    TEXT NOT NULL,
    event_id    TEXT NOT NULL,
    event_type  TEXT NOT NULL,
    account     TEXT,
    created_at  BIGINT,
    headers     TEXT NOT NULL,
    body        BLOB NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('pending', 'working', 'done', 'ignored', 'dead')),
    note        TEXT,
    attempts    BIGINT NOT NULL DEFAULT 0,
    due_at      BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    finished_at BIGINT,
    UNIQUE (platform, mode, event_id)
);
CREATE INDEX inbox_due ON inbox (due_at, id) WHERE status IN ('pending', 'working');

-- Every attempt to work on a delivery that failed.
CREATE TABLE inbox_failures (
    delivery TEXT NOT NULL REFERENCES inbox (id) ON DELETE CASCADE,
    attempt  BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    error    TEXT NOT NULL
);
CREATE INDEX inbox_failures_by_delivery ON inbox_failures (delivery, at);

-- What the host application has to be told, written together with the change itself.
CREATE TABLE notices (
    id            TEXT PRIMARY KEY,
    kind          TEXT NOT NULL CHECK (kind IN ('connected', 'disconnected')),
    connection_id TEXT NOT NULL REFERENCES connections (id),
    why           TEXT,
    at            BIGINT NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('pending', 'working', 'done', 'dead')),
    attempts      BIGINT NOT NULL DEFAULT 0,
    due_at        BIGINT NOT NULL,
    note          TEXT
);
CREATE INDEX notices_due ON notices (due_at, id) WHERE status IN ('pending', 'working');
