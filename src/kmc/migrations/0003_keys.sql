-- Encryption key pairs, each from when it was made for ever: the user's messages are read with it long after the certificate.
CREATE TABLE kmc_key (
    id INTEGER NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL,            -- SM2 | RSA-2048 | RSA-3072
    state TEXT NOT NULL,                -- ready | given | aside: it may have been given
    spki BLOB NOT NULL,                 -- SubjectPublicKeyInfo
    wrapped BLOB NOT NULL,              -- the private part: pki/aead.h with the storage key
    made_at INTEGER NOT NULL            -- business time
);
CREATE INDEX kmc_key_ready ON kmc_key (algorithm, id) WHERE state = 'ready';

-- For which certificate a pair was given, and to which key it was sealed first. One pair serves one certificate of one ca.
CREATE TABLE kmc_given (
    key_id INTEGER NOT NULL PRIMARY KEY,
    ca TEXT NOT NULL,
    enc_serial TEXT NOT NULL,
    request_id TEXT NOT NULL,
    sign_key BLOB NOT NULL,             -- SubjectPublicKeyInfo
    user_name TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    at INTEGER NOT NULL,                -- business time
    UNIQUE (ca, enc_serial)
);

-- A pair sealed again for its user's new UKey.
CREATE TABLE kmc_recovered (
    id INTEGER NOT NULL PRIMARY KEY,
    key_id INTEGER NOT NULL,
    ca TEXT NOT NULL,
    request_id TEXT NOT NULL,
    sign_key BLOB NOT NULL,
    user_name TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX kmc_recovered_key ON kmc_recovered (key_id);

-- How many pairs left in an hour of machine time.
CREATE TABLE kmc_hour (
    act TEXT NOT NULL,                  -- give | recover
    hour INTEGER NOT NULL,              -- since 1970
    n INTEGER NOT NULL,
    PRIMARY KEY (act, hour)
);

-- The authorities whose requests are answered: the key of each, entered by the kmc's administrator.
CREATE TABLE kmc_ca (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    spki BLOB NOT NULL,
    entered_by TEXT NOT NULL,
    entered_at INTEGER NOT NULL,
    ended_by TEXT,
    ended_at INTEGER
);

-- Judicial recovery: whose two signatures it takes, and its own append-only chain, made as kmc_audit is.
CREATE TABLE kmc_custodian (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    certificate BLOB NOT NULL,          -- DER
    serial TEXT NOT NULL,
    entered_by TEXT NOT NULL,
    entered_at INTEGER NOT NULL,
    ended_by TEXT,
    ended_at INTEGER
);
CREATE TABLE kmc_judicial (
    n INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    act TEXT NOT NULL,
    object TEXT NOT NULL,
    hash BLOB NOT NULL
);
