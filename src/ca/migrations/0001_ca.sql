-- The certificate authority's own records. Times are UTC milliseconds, serials magnitudes (big endian).

CREATE TABLE ca_issuer (
    id INTEGER NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,          -- "root-p256", "issuing-p256": also the key file's name
    algorithm TEXT NOT NULL,            -- pki_alg_text
    role TEXT NOT NULL,                 -- root | issuing
    parent_id INTEGER REFERENCES ca_issuer (id),
    certificate BLOB NOT NULL,
    not_after INTEGER NOT NULL
);

-- One row for each certificate ever intended. `certificate` is NULL between the durable intent and the durable signature.
CREATE TABLE ca_certificate (
    id INTEGER NOT NULL PRIMARY KEY,
    serial BLOB NOT NULL UNIQUE,
    issuer_id INTEGER NOT NULL REFERENCES ca_issuer (id),
    profile TEXT NOT NULL,
    request_id TEXT NOT NULL UNIQUE,
    key_hash BLOB NOT NULL,             -- SHA-256 of the SubjectPublicKeyInfo
    order_no TEXT NOT NULL,
    ukey TEXT NOT NULL,
    subject TEXT NOT NULL,              -- RFC 4514
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    tbs BLOB NOT NULL,
    certificate BLOB,
    state TEXT NOT NULL,                -- intent | active | hold | revoked
    reason INTEGER NOT NULL,            -- CRLReason; 0 where none
    changed_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    evidence TEXT NOT NULL              -- JSON, as checked
);
CREATE INDEX ca_certificate_key ON ca_certificate (key_hash);
CREATE INDEX ca_certificate_state ON ca_certificate (issuer_id, state, serial);

-- What the responder follows: one row for each change, numbered without gaps in commit order.
CREATE TABLE ca_status (
    seq INTEGER NOT NULL PRIMARY KEY,
    serial BLOB NOT NULL,
    issuer_id INTEGER NOT NULL,
    state TEXT NOT NULL,                -- active | hold | revoked
    reason INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    not_after INTEGER NOT NULL
);

CREATE TABLE ca_crl (
    issuer_id INTEGER NOT NULL REFERENCES ca_issuer (id),
    number INTEGER NOT NULL,
    status_seq INTEGER NOT NULL,        -- the last change it contains
    this_update INTEGER NOT NULL,
    next_update INTEGER NOT NULL,
    crl BLOB NOT NULL,
    PRIMARY KEY (issuer_id, number)
);

-- People whose signatures the ca believes, entered here by its business administrator and nowhere else.
CREATE TABLE ca_staff (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    serial TEXT NOT NULL UNIQUE,        -- hex, of the certificate on his UKey
    certificate BLOB NOT NULL,
    entered_by TEXT NOT NULL,
    entered_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL           -- 0 while he may
);

CREATE TABLE ca_regulator (
    id INTEGER NOT NULL PRIMARY KEY,
    project TEXT NOT NULL,
    certificate BLOB NOT NULL,
    entered_by TEXT NOT NULL,
    entered_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL
);

-- Signed lists of the regulator: the ca keeps of each row what a subject is made of, nothing else of the person.
CREATE TABLE ca_batch (
    id TEXT NOT NULL PRIMARY KEY,       -- hex SHA-256 of the file
    seq INTEGER NOT NULL UNIQUE,        -- order of arrival: a later batch corrects an earlier one
    project TEXT NOT NULL,
    signer TEXT NOT NULL,
    received_at INTEGER NOT NULL
);
CREATE TABLE ca_batch_row (
    batch_id TEXT NOT NULL REFERENCES ca_batch (id),
    row_no INTEGER NOT NULL,
    action TEXT NOT NULL,               -- add | correct | withdraw
    reporting_code TEXT NOT NULL,
    user_name TEXT NOT NULL,
    institution_name TEXT NOT NULL,
    uscc TEXT NOT NULL,
    row_hash BLOB NOT NULL,
    seq INTEGER NOT NULL,               -- the batch's
    PRIMARY KEY (batch_id, row_no)
);
CREATE INDEX ca_batch_row_key ON ca_batch_row (reporting_code, user_name, seq);

-- What a caller may do alone is limited by number and hour; each use is a row.
CREATE TABLE ca_use (
    id INTEGER NOT NULL PRIMARY KEY,
    what TEXT NOT NULL,                 -- revoke-alone
    at INTEGER NOT NULL                 -- machine time
);
CREATE INDEX ca_use_at ON ca_use (what, at);

-- Append-only chain: hash = SM3(previous hash, n, at, act, object). Heads of the hall's chains come in as act "anchor".
CREATE TABLE ca_audit (
    n INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    object TEXT NOT NULL,
    hash BLOB NOT NULL
);
