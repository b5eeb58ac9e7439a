-- Certificates of orders: what was asked of the ca, and what it made. The institution's and the user's name stand here
-- as they stand in the certificate, which is public.
CREATE TABLE certificate (
    id INTEGER NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    order_id INTEGER NOT NULL UNIQUE,
    account_id INTEGER NOT NULL,
    project TEXT NOT NULL,
    institution TEXT NOT NULL,
    ukey TEXT NOT NULL,
    state TEXT NOT NULL,                -- flow_state_name
    -- what the ca is asked, the same each time
    request_id TEXT NOT NULL UNIQUE,
    revision TEXT NOT NULL,
    profile TEXT NOT NULL,
    csr BLOB NOT NULL,
    key_hash BLOB NOT NULL,             -- SHA-256 of the SubjectPublicKeyInfo
    ask_from INTEGER NOT NULL,
    ask_until INTEGER NOT NULL,
    batch TEXT NOT NULL,
    batch_row INTEGER NOT NULL,
    maker TEXT NOT NULL,
    maker_signature BLOB NOT NULL,
    -- what it made
    serial TEXT UNIQUE,                 -- lower-case hex; NULL before
    der BLOB NOT NULL,                  -- empty before
    fingerprint BLOB NOT NULL,          -- SHA-256 of it
    subject TEXT NOT NULL,
    issuer TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    requested_at INTEGER NOT NULL,
    issued_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    -- what the ca shall make of it: hold, release, revoke; the newest wish is the one with the highest number
    wish TEXT NOT NULL,
    wish_no INTEGER NOT NULL,
    wish_done INTEGER NOT NULL,         -- number of the wish that the ca has carried out
    wish_actor TEXT NOT NULL,
    wish_second TEXT NOT NULL
);
CREATE INDEX certificate_ukey ON certificate (ukey, id);
CREATE INDEX certificate_fingerprint ON certificate (fingerprint);
CREATE INDEX certificate_state ON certificate (state, id);

CREATE TABLE certificate_line (
    id INTEGER NOT NULL PRIMARY KEY,
    certificate_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    row_id TEXT NOT NULL,               -- of flow: K6
    state TEXT NOT NULL,
    who TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX certificate_line_of ON certificate_line (certificate_id, id);
