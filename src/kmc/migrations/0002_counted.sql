-- A request id may be sealed to another key (an agent that broke off comes back with a new one): each is a release of its own,
-- counted and on record. "new" is the state of a version that no UKey has yet as far as is known.
UPDATE kmc_pin SET state = 'new' WHERE state = 'current' AND NOT EXISTS (
    SELECT 1 FROM kmc_audit WHERE kmc_audit.act = 'confirm'
        AND kmc_audit.object = kmc_pin.serial || ' v' || CAST(kmc_pin.version AS TEXT));
DROP INDEX kmc_release_serial;
ALTER TABLE kmc_release RENAME TO kmc_release_once;
CREATE TABLE kmc_release (
    id INTEGER NOT NULL PRIMARY KEY,
    request_id TEXT NOT NULL,
    serial TEXT NOT NULL,
    order_no TEXT NOT NULL,
    purpose TEXT NOT NULL,              -- new | replace | release
    version INTEGER NOT NULL,           -- the older of the versions released
    seal_key BLOB NOT NULL,             -- the agent's one-time key
    evidence TEXT NOT NULL,
    at INTEGER NOT NULL,                -- machine time: the limits are by the day and by the hour
    UNIQUE (request_id, seal_key)
);
INSERT INTO kmc_release (id, request_id, serial, order_no, purpose, version, seal_key, evidence, at)
SELECT id, request_id, serial, order_no, purpose, version, seal_key, evidence, at FROM kmc_release_once;
DROP TABLE kmc_release_once;
CREATE INDEX kmc_release_serial ON kmc_release (serial, at);
CREATE INDEX kmc_release_at ON kmc_release (at);
