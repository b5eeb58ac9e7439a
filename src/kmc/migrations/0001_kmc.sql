-- The key management centre's own records. Nothing stands here in clear.

-- Every version of every UKey's admin PIN. A version is recorded before it is ever released.
CREATE TABLE kmc_pin (
    serial TEXT NOT NULL,               -- of the UKey
    version INTEGER NOT NULL,           -- from 1
    wrapped BLOB NOT NULL,              -- pki/aead.h with the storage key
    state TEXT NOT NULL,                -- next | current | dead
    made_at INTEGER NOT NULL,           -- business time
    PRIMARY KEY (serial, version)
);

-- Each release, with what it was for. The same request id is answered with the same versions.
CREATE TABLE kmc_release (
    id INTEGER NOT NULL PRIMARY KEY,
    request_id TEXT NOT NULL UNIQUE,
    serial TEXT NOT NULL,
    order_no TEXT NOT NULL,
    purpose TEXT NOT NULL,              -- new | release
    version INTEGER NOT NULL,           -- the older of the versions released
    seal_key BLOB NOT NULL,             -- the agent's one-time key
    evidence TEXT NOT NULL,
    at INTEGER NOT NULL                 -- machine time: the limit is by the day
);
CREATE INDEX kmc_release_serial ON kmc_release (serial, purpose, at);

-- Append-only chain: hash = SM3(previous hash, n, at, act, object).
CREATE TABLE kmc_audit (
    n INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    act TEXT NOT NULL,
    object TEXT NOT NULL,
    hash BLOB NOT NULL
);
