-- A UKey can die after its certificate was issued. The order then gets another UKey and, once the first certificate is
-- revoked, another certificate: an order has a row for each.
DROP INDEX certificate_ukey;
DROP INDEX certificate_fingerprint;
DROP INDEX certificate_state;
ALTER TABLE certificate RENAME TO certificate_once;
CREATE TABLE certificate (
    id INTEGER NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    order_id INTEGER NOT NULL,
    attempt INTEGER NOT NULL,           -- 1, 2 …: a later one only when the one before is revoked
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
    wish_second TEXT NOT NULL,
    UNIQUE (order_id, attempt)
);
INSERT INTO certificate (
    id, version, order_id, attempt, account_id, project, institution, ukey, state, request_id, revision, profile, csr,
    key_hash, ask_from, ask_until, batch, batch_row, maker, maker_signature, serial, der, fingerprint, subject,
    issuer, algorithm, not_before, not_after, requested_at, issued_at, changed_at, reason, wish, wish_no, wish_done,
    wish_actor, wish_second)
SELECT
    id, version, order_id, 1, account_id, project, institution, ukey, state, request_id, revision, profile, csr,
    key_hash, ask_from, ask_until, batch, batch_row, maker, maker_signature, serial, der, fingerprint, subject,
    issuer, algorithm, not_before, not_after, requested_at, issued_at, changed_at, reason, wish, wish_no, wish_done,
    wish_actor, wish_second
FROM certificate_once;
DROP TABLE certificate_once;
CREATE INDEX certificate_ukey ON certificate (ukey, id);
CREATE INDEX certificate_fingerprint ON certificate (fingerprint);
CREATE INDEX certificate_state ON certificate (state, id);
